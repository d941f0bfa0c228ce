import type { Options } from '../../core/node/spec.ts'
import { getter } from '../../core/record/field-path.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import {
  type Reason,
  type Rejection,
  reject,
  type TelemetryRecord
} from '../../core/record/record.ts'
import { KeyRefusal, type Known } from './answer.ts'
import type { Directory } from './directory.ts'
import { exactNumber } from './exact-number.ts'
import { applier, type Metadata } from './metadata.ts'
import type { NewDevices } from './new-devices.ts'
import type { spec } from './spec.ts'
import { keyText } from './table.ts'

export type EnrichedRecord = readonly [enriched: readonly unknown[], rejected: readonly Rejection[]]
export type Find = (keys: readonly string[]) => Promise<ReadonlyMap<string, Known>>

/** By record of a batch; undefined if it is not known yet. */
type Found = (Known | undefined)[]

const STAGE = 'enrich'

/**
 * Makes the function that adds to the records of a message what is known of their devices. Answers
 * at once where everything is known, and with a promise where something has to be looked up.
 * Metadata is written into the record itself, which is ours: Node-RED clones a message for every
 * wire but the first.
 * @param find looks up what `directory` does not know, as long as it takes
 * @param now the clock, in milliseconds since 1970; asked once a message
 * @param news told of the device of each record; absent where those of unknown devices are rejected
 */
export function enricher(
  options: Options<typeof spec>,
  directory: Pick<Directory, 'peek'>,
  find: Find,
  now: () => number,
  news?: Pick<NewDevices, 'see'>
): (message: Message) => EnrichedRecord | Promise<EnrichedRecord> {
  const keyOf = keyReader(options.key)
  const finish = finisher(options)
  return message => {
    const records = recordsOf(message.payload)
    const nowMs = now()
    const found: Found = new Array(records.length)
    let unknown: Map<number, string> | undefined
    for (let index = 0; index < records.length; index++) {
      const key = keyOf(records[index])
      const known = key === undefined ? null : directory.peek(key, nowMs)
      found[index] = known
      if (known !== undefined) {
        if (key !== undefined) news?.see(key, known)
        continue
      }
      unknown ??= new Map()
      unknown.set(index, key!)
    }
    if (!unknown) return finish(records, found)
    const asked = unknown
    return find([...new Set(asked.values())]).then(answers => {
      for (const [index, key] of asked) {
        const known = answers.get(key) ?? null
        found[index] = known
        news?.see(key, known)
      }
      return finish(records, found)
    })
  }
}

/** Reads the device's key from a record; undefined if it names none. */
export function keyReader(path: string): (record: unknown) => string | undefined {
  const get = getter(path)
  return record => keyText(get(record))
}

function finisher(
  options: Options<typeof spec>
): (records: readonly unknown[], found: Found) => EnrichedRecord {
  const apply = applier(options.copy)
  const applyDefaults = applier([])
  const defaults: Metadata = options.defaults.map(
    ({ field, value }) => [field, typed(value)] as const
  )
  return (records, found) => {
    const enriched: unknown[] = []
    const rejected: Rejection[] = []
    for (let index = 0; index < records.length; index++) {
      const record = records[index]
      const known = found[index]
      const metadata = known instanceof KeyRefusal ? null : known
      const reason =
        unfitness(record) ??
        (metadata || options.unknown !== 'reject' ? undefined : without(record, options.key, known))
      if (reason) {
        rejected.push(reject(record, STAGE, reason))
        continue
      }
      if (metadata) apply(record as TelemetryRecord, metadata)
      else if (options.unknown === 'default') applyDefaults(record as TelemetryRecord, defaults)
      enriched.push(record)
    }
    return [enriched, rejected]
  }
}

/** Why a record is rejected whose device has no metadata. */
function without(record: unknown, path: string, known: Known | undefined): Reason {
  const key = keyText(getter(path)(record))
  if (known instanceof KeyRefusal) {
    const message = `The source of metadata fails for ${path} ${JSON.stringify(key?.slice(0, 80))}, not for others: ${known.why}.`
    return { code: 'LOOKUP_REFUSED', message, path }
  }
  const message =
    key === undefined
      ? `The record names no device in ${path}.`
      : `There is no metadata for ${path} ${JSON.stringify(key.slice(0, 80))}.`
  return { code: 'UNKNOWN_DEVICE', message, path }
}

/** Text that is written as a number is one, as in a table. */
const typed = (text: string): unknown => exactNumber(text) ?? text
