import type { Integer, Metric, Payload, PropertySet } from '../../core/sparkplug/types.ts'

/** What a birth says of a metric. */
export interface Definition {
  readonly name: string
  readonly datatype: number | undefined
  units: string | undefined
}

/** The number of the session: it is the same in the death that the server publishes for it. */
export function sessionNumber(payload: Payload): Integer | undefined {
  const raw = payload.metrics.find(({ name }) => name === 'bdSeq')?.raw
  return typeof raw === 'number' || typeof raw === 'bigint' ? raw : undefined
}

/** Several metrics of one birth have this alias: it says nothing. */
export const CLASH = 'clash'

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

export function unitsIn(properties: PropertySet | undefined): string | undefined {
  if (properties === undefined) return undefined
  for (const [key, { raw }] of properties)
    if (typeof raw === 'string' && UNITS.test(key.replaceAll(' ', ''))) return raw
  return undefined
}
