import { setField } from '../../core/record/field-path.ts'
import type { RegistryOptions } from './settings.ts'

/** An event as the database gives it. */
export interface ClaimedEvent {
  readonly id: string
  readonly at: number
  readonly device: string
  readonly event: string
  readonly details: Readonly<Record<string, unknown>>
  /** Of the device, as it is by now. */
  readonly about: Readonly<Record<string, unknown>>
}

/** The record of an event; `event_id` is the same when it is sent again. */
export function recordOf(
  { id, at, device, event, details, about }: ClaimedEvent,
  { key, timeField, table }: Pick<RegistryOptions, 'key' | 'timeField' | 'table'>
): Record<string, unknown> {
  const record: Record<string, unknown> = { event }
  setField(record, key, device)
  setField(record, timeField, new Date(at).toISOString())
  for (const [name, value] of Object.entries({ ...about, ...details }))
    if (value !== null && !Object.hasOwn(record, name)) record[name] = value
  record.event_id = `${table}/${id}`
  return record
}
