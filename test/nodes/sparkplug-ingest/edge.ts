/** An edge node that obeys the specification, as the messages that it publishes. */
import { payloadOf } from '../../core/sparkplug/publisher.ts'

export interface Sent {
  readonly topic: string
  readonly payload: Buffer
}

/** A metric of a birth; its alias is given by its place. */
export interface EdgeMetric {
  readonly name: string
  readonly datatype: number
  readonly [value: string]: unknown
}

const double = (value: number) => ({ double_value: value })

export class Edge {
  #seq = 0
  #aliases = new Map<string, number>()
  #nextAlias = 1
  /** By device; what is of the edge node itself by ''. */
  readonly metrics = new Map<string, EdgeMetric[]>([
    ['', [{ name: 'load', datatype: 10, ...double(1) }]]
  ])

  constructor(
    readonly group: string,
    readonly name: string,
    public bdSeq = 0,
    /** The clock of the edge node. */
    public now = 1_708_700_000_000
  ) {}

  /** A new session with other aliases, as a restart may give. */
  restart(firstAlias = 100): void {
    this.bdSeq = (this.bdSeq + 1) & 0xff
    this.#nextAlias = firstAlias
    this.#aliases = new Map()
  }

  nbirth(): Sent {
    this.#seq = 0
    const session = { name: 'bdSeq', datatype: 4, long_value: this.bdSeq }
    const control = { name: 'Node Control/Rebirth', datatype: 11, boolean_value: false }
    return this.#send('NBIRTH', undefined, [session, control, ...this.#born('')])
  }

  dbirth(device: string): Sent {
    return this.#send('DBIRTH', device, this.#born(device))
  }

  /** All births, as at the beginning and when it is asked. */
  births(): Sent[] {
    const devices = [...this.metrics.keys()].filter(device => device !== '')
    return [this.nbirth(), ...devices.map(device => this.dbirth(device))]
  }

  /** Data by the aliases alone. */
  data(device: string, values: Readonly<Record<string, number>>): Sent {
    const metrics = Object.entries(values).map(([name, value]) => ({
      alias: this.aliasOf(device, name),
      timestamp: this.now + 1,
      ...double(value)
    }))
    return this.#send(device === '' ? 'NDATA' : 'DDATA', device || undefined, metrics)
  }

  raw(type: string, device: string | undefined, metrics: readonly object[]): Sent {
    return this.#send(type, device, metrics)
  }

  ddeath(device: string): Sent {
    return this.#send('DDEATH', device, [])
  }

  /** The will of the present session. */
  ndeath(): Sent {
    const metrics = [{ name: 'bdSeq', datatype: 4, long_value: this.bdSeq }]
    return { topic: this.#topic('NDEATH'), payload: payloadOf({ metrics }) }
  }

  /** A message that is made, and never arrives. */
  lose(): void {
    this.#seq = (this.#seq + 1) & 0xff
  }

  aliasOf(device: string, name: string): number {
    const key = `${device}/${name}`
    if (!this.#aliases.has(key)) this.#aliases.set(key, this.#nextAlias++)
    return this.#aliases.get(key)!
  }

  #born(device: string): object[] {
    return (this.metrics.get(device) ?? []).map(metric => ({
      alias: this.aliasOf(device, metric.name),
      timestamp: this.now,
      ...metric
    }))
  }

  #send(type: string, device: string | undefined, metrics: readonly object[]): Sent {
    this.now += 10
    const seq = this.#seq
    this.#seq = (this.#seq + 1) & 0xff
    return {
      topic: this.#topic(type, device),
      payload: payloadOf({ timestamp: this.now, seq, metrics })
    }
  }

  #topic = (type: string, device?: string): string =>
    `spBv1.0/${this.group}/${type}/${this.name}${device === undefined ? '' : `/${device}`}`
}
