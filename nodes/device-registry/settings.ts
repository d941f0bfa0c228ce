import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { spec } from './spec.ts'

export type RegistryOptions = Options<typeof spec>

const LEAST_TOKEN = 16
const LEAST_SILENCE_MS = 2_000

/** Of a field that must hold a duration; the form has checked it. Empty is never. */
export const msOf = (text: string): number => durationMs(text) ?? Number.POSITIVE_INFINITY

/** After how long a device of a type is too long silent. */
export class Silences {
  readonly #byType: ReadonlyMap<string, number>
  readonly #othersMs: number

  constructor({ silence, silences }: Pick<RegistryOptions, 'silence' | 'silences'>) {
    this.#othersMs = msOf(silence)
    this.#byType = new Map(silences.map(({ type, after }) => [type, msOf(after)]))
  }

  of(type: string | null | undefined): number {
    return (type ? this.#byType.get(type) : undefined) ?? this.#othersMs
  }
  /** Of types that are not in `byType`; null: never. */
  get others(): number | null {
    return Number.isFinite(this.#othersMs) ? this.#othersMs : null
  }
  get byType(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byType)
  }
  get shortestMs(): number {
    return Math.min(this.#othersMs, ...this.#byType.values())
  }
}

/**
 * How often a device is written at most. Half of the shortest silence is enough for those who hear
 * of it by the table alone.
 */
export const writeEveryMs = (options: RegistryOptions): number =>
  Math.min(msOf(options.writeEvery), new Silences(options).shortestMs / 2)

/** @throws OptionsError for settings that cannot be used together */
export function checkTogether(options: RegistryOptions): void {
  const { fields } = spec
  const problems: string[] = []
  const { silences, silence, answers, token } = options
  for (const after of [silence, ...silences.map(row => row.after)])
    if (msOf(after) < LEAST_SILENCE_MS) problems.push(`${fields.silence.label}: at least 2 s`)
  if (answers === 'token' && token.length < LEAST_TOKEN)
    problems.push(`${fields.token.label}: must have at least ${LEAST_TOKEN} characters`)
  if (problems.length > 0) throw new OptionsError(spec.label, [...new Set(problems)])
}
