import type { Writing } from '../node/spec.ts'
import { addAddress } from './address.ts'
import { addBrokers } from './brokers.ts'
import { addChecks, addCodes } from './codes.ts'
import { addInstant } from './instant.ts'
import { addTimeZones } from './time-zones.ts'

/** What helps to write a text, by the name that its field gives; the text stays what is saved. */
export const WRITING: Readonly<
  Record<Writing, (input: HTMLInputElement, row: HTMLElement) => void>
> = {
  'time-zone': addTimeZones,
  instant: addInstant,
  codes: addCodes,
  checks: addChecks,
  'mqtt-address': addAddress,
  brokers: addBrokers
}
