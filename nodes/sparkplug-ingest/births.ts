import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { Integer, Metric, Payload, PropertySet } from '../../core/sparkplug/types.ts'
import type { Entry, SparkplugArrival } from './arrival.ts'

/** What a birth says of a metric. */
interface Definition {
  readonly name: string
  readonly datatype: number | undefined
  units: string | undefined
}

/** Metrics that belong to the protocol and measure nothing. */
const PROTOCOL: ReadonlySet<string> = new Set(['bdSeq', 'Node Control/Rebirth'])

/** The number of the session: it is the same in the death that the server publishes for it. */
export function sessionNumber(payload: Payload): Integer | undefined {
  const raw = payload.metrics.find(({ name }) => name === 'bdSeq')?.raw
  return typeof raw === 'number' || typeof raw === 'bigint' ? raw : undefined
}

/** Several metrics of one birth have this alias: it says nothing. */
const CLASH = 'clash'

/** The metrics that an edge node or a device has told in its birth. */
export class Birth {
  readonly #names = new Map<string, Definition>()
  readonly #aliases = new Map<Integer, Definition | typeof CLASH>()

  static of({ metrics }: Payload): Birth {
    const birth = new Birth()
    for (const metric of metrics) birth.add(metric)
    return birth
  }

  add({ name, alias, datatype, properties }: Metric): void {
    if (name === undefined) return
    const definition = { name, datatype, units: unitsIn(properties) }
    this.#names.set(name, definition)
    if (alias === undefined) return
    const other = this.#aliases.get(alias)
    const isClash = other !== undefined && (other === CLASH || other.name !== name)
    this.#aliases.set(alias, isClash ? CLASH : definition)
  }

  get size(): number {
    return this.#names.size
  }

  byName(name: string): Definition | undefined {
    return this.#names.get(name)
  }

  byAlias(alias: Integer): Definition | typeof CLASH | undefined {
    return this.#aliases.get(alias)
  }
}

/** Sparkplug has no name for it; these are in use. */
const UNITS = /^(?:eng_?unit|engineering_?units?|units?|uom)$/i

function unitsIn(properties: PropertySet | undefined): string | undefined {
  if (properties === undefined) return undefined
  for (const [key, { raw }] of properties)
    if (typeof raw === 'string' && UNITS.test(key.replaceAll(' ', ''))) return raw
  return undefined
}

/** A birth with so many metrics that it was read over several turns of the event loop. */
export interface PreparedBirth {
  readonly birth: Birth
  readonly entries: readonly Entry[]
}

/** Entries of a message, and whether an alias is in it that the birth does not have. */
export interface Resolved {
  readonly entries: readonly Entry[]
  readonly lacksAlias: boolean
}

/**
 * Gives each metric its name, datatype and units.
 * @param isSure false: a birth may have been missed, so that what an alias stands for is not known
 */
export function resolve(
  { payload: { metrics } }: Pick<SparkplugArrival, 'payload'>,
  birth: Birth | undefined,
  isSure: boolean
): Resolved {
  const entries: Entry[] = []
  let lacksAlias = false
  for (let place = 0; place < metrics.length; place++) {
    const entry = entryOf(metrics[place]!, place, birth, isSure)
    if (entry === undefined) continue
    entries.push(entry)
    lacksAlias ||= entry.kind === 'failed' && entry.failure.code === 'SPARKPLUG_ALIAS_UNKNOWN'
  }
  return { entries, lacksAlias }
}

/** Undefined for a metric of the protocol itself. */
export function entryOf(
  metric: Metric,
  place: number,
  birth: Birth | undefined,
  isSure: boolean
): Entry | undefined {
  const found = definitionOf(metric, birth, isSure)
  if (found instanceof ParseFailure) {
    const { code, message } = found
    return { kind: 'failed', failure: new ParseFailure(code, message, `metrics.${place}`) }
  }
  if (PROTOCOL.has(found.name)) return undefined
  const units = unitsIn(metric.properties)
  // Properties are sent again only when they change.
  if (units !== undefined) found.units = units
  return {
    kind: 'metric',
    place,
    metric,
    name: found.name,
    datatype: metric.datatype || found.datatype,
    units: found.units,
    isOrphan: birth === undefined
  }
}

function definitionOf(
  { name, alias, datatype }: Metric,
  birth: Birth | undefined,
  isSure: boolean
): Definition | ParseFailure {
  if (name !== undefined) return birth?.byName(name) ?? { name, datatype, units: undefined }
  if (alias === undefined)
    return new ParseFailure('FORMAT_INVALID', 'The metric has neither a name nor an alias.')
  if (birth === undefined || !isSure) return birthMissing(`what the alias ${alias} stands for`)
  const found = birth.byAlias(alias)
  if (found !== undefined && found !== CLASH) return found
  return new ParseFailure(
    'SPARKPLUG_ALIAS_UNKNOWN',
    found === CLASH
      ? `The alias ${alias} stands for several metrics of the birth.`
      : `No metric of the birth has the alias ${alias}.`
  )
}

export const birthMissing = (what: string): ParseFailure =>
  new ParseFailure(
    'SPARKPLUG_BIRTH_MISSING',
    `Only the birth says ${what}; the node had none that it could rely on, and none came in time.`
  )
