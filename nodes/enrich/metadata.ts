import { cloneRecord } from '../../core/record/clone-record.ts'
import { getter, isFieldPath, setField } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'

/** What a source says of a device: a row of a table, or a JSON object. */
export type MetadataRow = Readonly<Record<string, unknown>>

/** What is to be copied into the records of one device, worked out once a device. */
export type Metadata = readonly (readonly [to: string, value: unknown])[]

export interface Copy {
  /** A column, or a path into objects. */
  readonly from: string
  /** A field of the record; empty for the same name. */
  readonly to: string
}

/** Of its own, as a device registry writes them beside what is of use to others. */
const isOwn = (column: string) => column.startsWith('millrace_')

/**
 * Works out what a row gives to a record. Without any `copies` that is every column but the key and
 * those that a registry keeps for itself.
 */
export function projector(
  copies: readonly Copy[],
  keyColumn: string
): (row: MetadataRow) => Metadata {
  if (copies.length === 0) {
    return row =>
      Object.entries(row).flatMap(([name, value]) =>
        name === keyColumn || isOwn(name) || !isFieldPath(name) ? [] : given(name, value)
      )
  }
  const getters = copies.map(({ from, to }) => [to || from, getter(from)] as const)
  return row => getters.flatMap(([to, get]) => given(to, get(row)))
}

const given = (to: string, value: unknown): Metadata =>
  value === undefined ? [] : [[to, value] as const]

export type Apply = (record: TelemetryRecord, metadata: Metadata) => void

/**
 * Writes metadata into a record. Fields that a person listed replace those of the record; where all
 * are copied, a column that happens to be called `value` must not replace a measurement.
 */
export function applier(copies: readonly Copy[]): Apply {
  if (copies.length === 0) {
    return (record, metadata) => {
      for (const [name, value] of metadata)
        if (!Object.hasOwn(record, name)) record[name] = own(value)
    }
  }
  const nested = copies.some(({ from, to }) => /[.[]/.test(to || from))
  const set = nested ? setField : setPlain
  return (record, metadata) => {
    for (const [to, value] of metadata) set(record, to, own(value))
  }
}

function setPlain(record: TelemetryRecord, name: string, value: unknown): void {
  record[name] = value
}

/** Records of one device must not share objects that a later node may change. */
const own = (value: unknown) => (typeof value === 'object' ? cloneRecord(value) : value)
