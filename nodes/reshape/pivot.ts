import { type Get, getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import {
  type Provenance as Place,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type TelemetryRecord
} from '../../core/record/record.ts'
import { USUAL_FIELDS } from '../../core/record/width.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { treatments } from './values.ts'

/** Rows of one device and time, as the wide record that they become. */
interface Group {
  readonly wide: TelemetryRecord
  readonly metrics: Set<string>
  readonly from: Place | undefined
  mixed: boolean
}

/**
 * Gathers the rows of one message: those that agree in the fields of `by` become one record, whose
 * fields are their metrics. It stands where the first of them stood.
 */
export class Pivot {
  readonly #groups = new Map<string, Group>()
  readonly #by: readonly Get[]
  readonly #metric: Get
  readonly #value: Get
  readonly #treatment: ReturnType<typeof treatments>

  constructor(private readonly settings: Settings) {
    this.#by = settings.by.map(({ field }) => getter(field))
    this.#metric = getter(settings.metricTo)
    this.#value = getter(settings.valueTo)
    this.#treatment = treatments(settings.values)
  }

  /** Takes a row, or says why it cannot be part of a wide record. */
  add(row: TelemetryRecord): FieldProblem | undefined {
    const { metricTo, valueTo } = this.settings
    const metric = this.#metric(row)
    if (typeof metric !== 'string' || metric === '')
      return new FieldProblem('FIELD_MISSING', `${metricTo} is no name of a metric.`, metricTo)
    if (metric === '__proto__')
      return new FieldProblem(
        'KEY_FORBIDDEN',
        `A record cannot have the key "${metric}".`,
        metricTo
      )
    const given = this.#value(row)
    if (given === undefined)
      return new FieldProblem('FIELD_MISSING', `${valueTo} is missing.`, valueTo)
    const value = this.#treatment?.(metric)?.apply(given) ?? given
    if (value instanceof FieldProblem) return value
    const key = jsonText(this.#by.map(get => get(row) ?? null))!
    const group = this.#groups.get(key) ?? this.#begin(key, row)
    if (group.metrics.has(metric) || Object.hasOwn(group.wide, metric))
      return new FieldProblem(
        'METRIC_TWICE',
        `There is a field "${metric}" already in the record of this device and time.`,
        metricTo
      )
    if (group.metrics.size >= USUAL_FIELDS)
      return new FieldProblem(
        'RECORD_TOO_WIDE',
        `The record of this device and time has ${USUAL_FIELDS} metrics already.`,
        metricTo
      )
    group.metrics.add(metric)
    group.wide[metric] = value
    if (!isOfOne(provenanceOf(row), group.from)) group.mixed = true
    return undefined
  }

  /** The records that have been gathered; after this it is empty. */
  take(): TelemetryRecord[] {
    const wide = [...this.#groups.values()].map(finished)
    this.#groups.clear()
    return wide
  }

  #begin(key: string, row: TelemetryRecord): Group {
    const wide = { ...row }
    delete wide[this.settings.metricTo]
    delete wide[this.settings.valueTo]
    const group: Group = { wide, metrics: new Set(), from: provenanceOf(row), mixed: false }
    this.#groups.set(key, group)
    return group
  }
}

/** Whether both stood in the same message. */
const isOfOne = (one: Place | undefined, other: Place | undefined) =>
  one === other || (one?.batch === other?.batch && one?.index === other?.index)

/**
 * Where it came from is told as of its first row; its bytes are its own, since those of one row
 * would lack the others.
 */
function finished({ wide, from, mixed }: Group): TelemetryRecord {
  if (!mixed || from === undefined) return wide
  const at = () => ({ ...from.taken, raw: Buffer.from(jsonText(wide)!) })
  Object.assign(wide, { [PROVENANCE]: new Provenance({ at, isMade: true }, 0) })
  return wide
}
