import type { TopicTemplate } from '../../core/record/topic-template.ts'
import { FAULTS, type Fault } from './faults.ts'
import { type Random, seededRandom } from './random.ts'

export interface SimulatedMetric {
  readonly metric: string
  readonly deviceType: string
  readonly min: number
  readonly max: number
  readonly periodS: number
}

export interface FleetOptions {
  readonly devices: number
  readonly sites: number
  readonly metrics: readonly SimulatedMetric[]
  readonly template: TopicTemplate
  readonly sequence: boolean
  readonly seed: number
  /** Of 100 readings, how many have this fault. A reading has at most one. */
  readonly faults: Readonly<Record<Fault, number>>
  readonly lateS: number
  readonly skewS: number
}

/** What one device sends. */
export interface Reading {
  readonly site: string
  readonly device: string
  readonly metric: string
  readonly value: number
  readonly madeMs: number
  readonly topic: string
  readonly payload: string
  /** What is wrong with it; a duplicate is to be sent twice. */
  readonly fault: Fault | undefined
}

interface Device {
  readonly id: string
  readonly site: string
  readonly phase: number
  seq: number
}

/**
 * Makes the readings of all devices, in turn. Two fleets of the same options make the same, but for
 * the time.
 */
export class Fleet {
  readonly #random: Random
  readonly #devices: Device[]
  readonly #thresholds: { fault: Fault; below: number }[] = []
  /**
   * Time of the last reading of each device and metric: no two may have the same, or the table
   * would take one for a duplicate.
   */
  readonly #lastMs: Float64Array
  #number = 0

  constructor(private readonly options: FleetOptions) {
    const { devices, sites, metrics, seed, faults } = options
    this.#random = seededRandom(seed)
    const digits = Math.max(3, String(devices).length)
    this.#devices = Array.from({ length: devices }, (_, index) => ({
      id: `sensor-${String(index + 1).padStart(digits, '0')}`,
      site: `site-${String((index % sites) + 1).padStart(2, '0')}`,
      phase: this.#random(),
      seq: 0
    }))
    this.#lastMs = new Float64Array(devices * metrics.length)
    let below = 0
    for (const fault of FAULTS) {
      below += faults[fault] / 100
      if (faults[fault] > 0) this.#thresholds.push({ fault, below })
    }
  }

  /** The next reading, made at this time. */
  next(nowMs: number): Reading {
    const { devices, metrics, template } = this.options
    const number = this.#number++
    const device = this.#devices[number % devices]!
    const which = Math.floor(number / devices) % metrics.length
    const metric = metrics[which]!
    const series = (number % devices) * metrics.length + which
    const madeMs = Math.max(Math.floor(nowMs), this.#lastMs[series]! + 1)
    this.#lastMs[series] = madeMs
    const draw = this.#random()
    const fault = this.#thresholds.find(({ below }) => draw < below)?.fault
    const value = this.#value(device, metric, madeMs)
    return {
      site: device.site,
      device: device.id,
      metric: metric.metric,
      value,
      madeMs,
      topic: template.fill({
        site: device.site,
        device_type: metric.deviceType,
        device_id: device.id,
        metric: metric.metric
      }),
      payload: this.#payload(device, metric, { value, madeMs }, fault),
      fault
    }
  }

  /** The devices of each site. */
  sites(): Map<string, string[]> {
    const sites = new Map<string, string[]>()
    for (const { id, site } of this.#devices) {
      const devices = sites.get(site)
      if (devices === undefined) sites.set(site, [id])
      else devices.push(id)
    }
    return sites
  }

  #payload(
    device: Device,
    { metric }: SimulatedMetric,
    { value, madeMs }: { value: number; madeMs: number },
    fault: Fault | undefined
  ): string {
    const record: Record<string, unknown> = { device_id: device.id, metric, value }
    record.ts = this.#time(madeMs, fault)
    device.seq++
    if (this.options.sequence) record.seq = device.seq
    if (fault === 'invalid') this.#spoil(record)
    const text = JSON.stringify(record)
    if (fault !== 'malformed') return text
    return this.#random() < 0.5
      ? text.slice(0, Math.floor(text.length / 2))
      : `ERR ${device.id} sensor not responding`
  }

  /** A wave through the range, and noise of a tenth of it. */
  #value(device: Device, { min, max, periodS }: SimulatedMetric, madeMs: number): number {
    const wave = Math.sin(2 * Math.PI * (madeMs / (periodS * 1000) + device.phase))
    const share = 0.5 + 0.45 * wave + 0.1 * (this.#random() - 0.5)
    return Math.round((min + (max - min) * share) * 100) / 100
  }

  #time(madeMs: number, fault: Fault | undefined): number | string {
    const { lateS, skewS } = this.options
    switch (fault) {
      case 'late':
        return madeMs - lateS * 1000
      case 'skew':
        return madeMs + skewS * 1000
      case 'seconds':
        return madeMs / 1000
      case 'zoneless':
        return new Date(madeMs).toISOString().slice(0, -1)
      default:
        return madeMs
    }
  }

  #spoil(record: Record<string, unknown>): void {
    if (this.#random() < 0.5) delete record.value
    else record.value = 'n/a'
  }
}
