import { type Get, getter } from '../../core/record/field-path.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { type Reason, type Rejection, reject } from '../../core/record/record.ts'
import { keyBy, timeBy } from '../../core/state/keyed.ts'
import { type Command, commandOf } from './commands.ts'
import type { Device, Devices } from './device.ts'
import type { Sighting } from './facts.ts'
import { msOf, type RegistryOptions } from './settings.ts'
import { isStorable, saysOnline } from './words.ts'

/** Something that happened to a device and must not be lost, or what somebody wants of one. */
export type News = { readonly seen: Sighting } | { readonly command: Command }

/** What became of the records of a message. */
export interface WatchedRecords {
  readonly passed: unknown[]
  readonly rejected: Rejection[]
  readonly commands: number
  readonly news: readonly News[]
  /** The newest time that came, milliseconds since 1970. */
  readonly newestMs: number
}

const STAGE = 'device-registry'
const MAX_WORD = 200
/** A clock that was reset says 1970; nobody has readings of before. */
const FIRST_MS = Date.UTC(2000, 0, 1)

/** Looks at the records as they pass, and knows from them what becomes of devices. */
export class DeviceWatch {
  readonly #keyOf
  readonly #timeOf
  readonly #firmware: Get | undefined
  readonly #metric: Get
  readonly #value: Get
  readonly #type: Get | undefined
  readonly #site: Get | undefined
  readonly #aheadMs: number
  /** Records whose device has a name that cannot be stored. */
  unlisted = 0

  constructor(
    private readonly options: RegistryOptions,
    readonly devices: Devices
  ) {
    this.#keyOf = keyBy([options.key])
    this.#timeOf = timeBy(options.timeField)
    this.#firmware = optional(options.firmwareField)
    this.#type = optional(options.typeField)
    this.#site = optional(options.siteField)
    this.#metric = getter(options.metricField)
    this.#value = getter(options.valueField)
    this.#aheadMs = msOf(options.ahead)
  }

  /**
   * @param nowMs the computer's clock
   * @param areCommands they say what somebody wants of devices, and are no readings
   */
  look(records: readonly unknown[], nowMs: number, areCommands = false): WatchedRecords {
    const passed: unknown[] = []
    const rejected: Rejection[] = []
    const news: News[] = []
    let newestMs = Number.NEGATIVE_INFINITY
    for (const record of records) {
      const unfit = unfitness(record)
      const given = record as Record<string, unknown>
      if (unfit !== undefined) rejected.push(reject(record, STAGE, unfit))
      else if (areCommands) {
        const command = commandOf(given, this.#keyOf(given))
        if ('code' in command) rejected.push(reject(record, STAGE, command))
        else news.push({ command })
      } else {
        const atMs = this.#at(given, nowMs)
        if (atMs > newestMs) newestMs = atMs
        const reason = this.#see(given, atMs, news)
        if (reason === undefined) passed.push(record)
        else rejected.push(reject(record, STAGE, reason))
      }
    }
    return { passed, rejected, commands: areCommands ? news.length : 0, news, newestMs }
  }

  /** A time that is missing or cannot be is that of the arrival: it would stand for ever. */
  #at(record: Record<string, unknown>, nowMs: number): number {
    const atMs = this.#timeOf(record)
    return typeof atMs === 'number' && atMs >= FIRST_MS && atMs <= nowMs + this.#aheadMs
      ? atMs
      : nowMs
  }

  #see(record: Record<string, unknown>, atMs: number, news: News[]): Reason | undefined {
    const id = this.#keyOf(record)
    if (typeof id !== 'string') return this.options.unknown === 'reject' ? id : undefined
    const metric = this.#metric(record)
    const online =
      metric === this.options.onlineMetric ? saysOnline(this.#value(record)) : undefined
    const firmware = this.#firmwareOf(record, metric)
    const known = this.devices.get(id)
    if (known === undefined) return this.#meet(id, record, seenAt(id, atMs, online, firmware), news)
    const { facts } = known
    // Nearly every record: the device is there, and time has gone on.
    if (online === undefined && firmware === undefined && known.isOnline) {
      if (atMs > facts.lastMs) facts.lastMs = atMs
      else if (atMs < facts.firstMs) facts.firstMs = atMs
      else return this.#refusalOf(known)
      this.devices.soil(known)
      return this.#refusalOf(known)
    }
    const seen = seenAt(id, atMs, online, firmware)
    // One that is blocked tells nothing each time, so that blocking ends a flood of events.
    if (known.join(seen) && known.approval !== 'blocked') {
      known.pending++
      news.push({ seen })
    } else this.devices.soil(known)
    return this.#refusalOf(known)
  }

  #meet(
    id: string,
    record: Record<string, unknown>,
    seen: Sighting,
    news: News[]
  ): Reason | undefined {
    const isFit = isStorable(id)
    const device = isFit ? this.devices.place(id) : undefined
    if (!isFit) this.unlisted++
    if (device === undefined) {
      if (this.options.unknown !== 'reject') return undefined
      return this.#unknown(id, isFit ? FULL : UNFIT)
    }
    device.join(seen)
    device.pending++
    const type = wordOf(this.#type?.(record))
    const site = wordOf(this.#site?.(record))
    news.push({ seen: { ...seen, ...(type && { type }), ...(site && { site }) } })
    return this.#refusalOf(device)
  }

  #firmwareOf(record: Record<string, unknown>, metric: unknown): string | undefined {
    const { firmwareMetric } = this.options
    if (metric === firmwareMetric && firmwareMetric !== '') return wordOf(this.#value(record))
    return this.#firmware === undefined ? undefined : wordOf(this.#firmware(record))
  }

  #refusalOf({ approval, id }: Device): Reason | undefined {
    if (approval === 'blocked') return blocked(id)
    return approval === 'new' && this.options.unknown === 'reject'
      ? this.#unknown(id, LISTED)
      : undefined
  }

  #unknown(id: string, where: string): Reason {
    const message = `Nobody has approved the device ${shown(id)}: ${where}.`
    return { code: 'DEVICE_UNKNOWN', message, path: this.options.key }
  }
}

const LISTED = 'it is in the list of the node as new'
const FULL = 'it is not in the list, which is full (Devices at most)'
const UNFIT = 'it is not in the list, as its name has characters that cannot be stored'

const blocked = (id: string): Reason => ({
  code: 'DEVICE_BLOCKED',
  message: `The device ${shown(id)} is blocked.`
})

const shown = (id: string) => JSON.stringify(id.slice(0, 80))

const optional = (path: string): Get | undefined => (path === '' ? undefined : getter(path))

const wordOf = (value: unknown): string | undefined =>
  (typeof value === 'string' && value !== '') || typeof value === 'number'
    ? storable(String(value).slice(0, MAX_WORD))
    : undefined

const storable = (text: string) => (isStorable(text) ? text : undefined)

/** A birth is traffic as any other; a death is not. */
function seenAt(
  id: string,
  atMs: number,
  online: boolean | undefined,
  firmware: string | undefined
): Sighting {
  const heard = online === false ? { diedMs: atMs } : { lastMs: atMs }
  return {
    id,
    firstMs: atMs,
    ...heard,
    ...(firmware !== undefined && { firmware, firmwareMs: atMs })
  }
}
