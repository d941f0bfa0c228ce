import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { Options } from '../../core/node/spec.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { decodePayload } from '../../core/sparkplug/decode.ts'
import { encodePayload } from '../../core/sparkplug/encode.ts'
import { type Address, addressOf, isCommand, topicOf } from '../../core/sparkplug/topic.ts'
import type { Payload } from '../../core/sparkplug/types.ts'
import type { ArrivalOutcome, SparkplugArrival } from './arrival.ts'
import type { Birth } from './births.ts'
import { EdgeNode, type Fate, type Surroundings } from './edge-node.ts'
import { LONG_BYTES, prepared } from './long-message.ts'
import { Rebirths } from './rebirths.ts'
import type { spec } from './spec.ts'

export type HostOptions = Pick<
  Options<typeof spec>,
  | 'birthValues'
  | 'statusMetric'
  | 'askRebirth'
  | 'rebirthPauseS'
  | 'rebirthsPerSecond'
  | 'reorderMs'
  | 'holdS'
  | 'maxMetrics'
  | 'maxPayloadBytes'
>

export interface HostPorts {
  /** A message has come to its end, with its records. Told once for each, in their order. */
  settled(outcome: ArrivalOutcome): void
  /** Publishes a command; false if there is no connection. */
  command(topic: string, payload: Buffer): boolean
  /** An edge node was asked for its births. */
  asked(name: string): void
}

/** A moment, by a clock that only goes forward and in milliseconds since 1970. */
export interface Moment {
  readonly atMs: number
  readonly clockMs: number
}

interface LongMessage {
  readonly packet: Received
  readonly acks: DeferredAcks
  readonly moment: Moment
  readonly address: Address
  readonly steps: ReturnType<typeof prepared>
}

/** Bounds of what is kept of edge nodes, whoever makes them up. */
const MAX_EDGE_NODES = 50_000
const MAX_KNOWN_METRICS = 2_000_000
const MAX_HELD = 10_000
const MAX_HELD_BYTES = 16 << 20

/**
 * A Sparkplug host application: knows the births of all edge nodes, the order of their messages,
 * and what waits for what. No clock: time is passed in.
 */
export class Host implements Surroundings {
  readonly #nodes = new Map<string, EdgeNode>()
  readonly #waiting = new Set<EdgeNode>()
  readonly #rebirths: Rebirths<EdgeNode>
  readonly reorderMs: number
  readonly holdMs: number
  readonly birthValues: boolean
  readonly tellsStatus: boolean
  #held = 0
  #heldBytes = 0
  #known = 0
  #long: LongMessage | undefined

  constructor(
    private readonly options: HostOptions,
    private readonly ports: HostPorts
  ) {
    this.reorderMs = options.reorderMs
    this.holdMs = options.holdS * 1000
    this.birthValues = options.birthValues
    this.tellsStatus = options.statusMetric !== ''
    this.#rebirths = new Rebirths(options, node => this.#command(node))
  }

  /** Messages that wait. */
  get held(): number {
    return this.#held
  }
  get online(): number {
    let online = 0
    for (const node of this.#nodes.values()) if (node.isOnline) online++
    return online
  }
  /** How often births were asked for. */
  get asked(): number {
    return this.#rebirths.asked
  }

  /** A message of the server. A long one is only begun: nothing else may come before it is read. */
  receive(packet: Received, acks: DeferredAcks, moment: Moment): void {
    const { payload, topic } = packet
    const address = addressOf(topic)
    const { maxPayloadBytes, maxMetrics } = this.options
    const isLong = payload.length > LONG_BYTES && payload.length <= maxPayloadBytes
    if (isLong && address !== undefined && !isCommand(address.type)) {
      const steps = prepared(packet, address, maxMetrics)
      this.#long = { packet, acks, moment, address, steps }
    } else this.#take(packet, acks, moment, address, this.#read(packet, address))
  }

  /** A long message is being read. */
  get isReading(): boolean {
    return this.#long !== undefined
  }

  /** Reads on until it is others' turn; true when the message has been read. */
  proceed(isOver: () => boolean): boolean {
    const long = this.#long
    if (long === undefined) return true
    const { packet, acks, moment, address, steps } = long
    let step = steps.next()
    while (!step.done && !isOver()) step = steps.next()
    if (!step.done) return false
    this.#long = undefined
    const { payload, birth } = step.value
    this.#take(packet, acks, moment, address, payload, birth)
    return true
  }

  #take(
    packet: Received,
    acks: DeferredAcks,
    { atMs, clockMs }: Moment,
    address: Address | undefined,
    read: Payload | ParseFailure | undefined,
    birth?: Birth
  ): void {
    if (read === undefined) this.#end({ packet, acks })
    else if (read instanceof ParseFailure)
      this.#end({ packet, acks, entries: [{ kind: 'failed', failure: read }] })
    else {
      const arrival = { packet, acks, address: address!, payload: read, atMs, clockMs, birth }
      const node = this.#nodeOf(arrival)
      if (node === undefined) return
      node.receive(arrival)
      if (node.isWaiting) this.#waiting.add(node)
    }
  }

  /** Call several times a second. */
  tick(nowMs: number): void {
    // What the message that is being read may bring is not missing.
    if (this.isReading) return
    this.#rebirths.tick(nowMs)
    for (const node of this.#waiting) {
      node.tick(nowMs)
      if (!node.isWaiting) this.#waiting.delete(node)
    }
  }

  /** A new session with the server: whatever was published before may have been missed. */
  lostSight(): void {
    for (const node of this.#nodes.values()) node.lostSight()
  }

  /** Nothing more comes. What waits is read as far as that goes without a birth. */
  end(): void {
    this.#long = undefined
    for (const node of this.#waiting) node.end()
    this.#waiting.clear()
  }

  settled(arrival: SparkplugArrival, fate: Fate): void {
    this.#end({ packet: arrival.packet, acks: arrival.acks, arrival, ...fate })
  }
  ask(node: EdgeNode, fromMs: number): void {
    this.#rebirths.ask(node, fromMs)
  }
  born(node: EdgeNode): void {
    this.#rebirths.born(node)
  }
  waitsSince(node: EdgeNode, { atMs }: SparkplugArrival): number | undefined {
    const askedMs = this.#rebirths.askedMs(node)
    if (askedMs === undefined) return this.#rebirths.isQueued(node) ? undefined : atMs
    return Math.max(atMs, askedMs)
  }
  hold(messages: number, bytes: number): boolean {
    this.#held += messages
    this.#heldBytes += bytes
    return this.#held <= MAX_HELD && this.#heldBytes <= MAX_HELD_BYTES
  }
  know(metrics: number): boolean {
    this.#known += metrics
    return this.#known <= MAX_KNOWN_METRICS
  }

  /** Undefined for what is for edge nodes, and none of a host's. */
  #read({ topic, payload }: Received, address: Address | undefined) {
    if (address === undefined)
      return new ParseFailure('TOPIC_MISMATCH', `The topic "${topic}" is none of Sparkplug B.`)
    if (isCommand(address.type)) return undefined
    const { maxPayloadBytes, maxMetrics } = this.options
    if (payload.length > maxPayloadBytes)
      return new ParseFailure(
        'PAYLOAD_TOO_LARGE',
        `The payload has ${payload.length} bytes; at most ${maxPayloadBytes} are accepted.`
      )
    return decodePayload(payload as Buffer, maxMetrics)
  }

  #nodeOf(arrival: SparkplugArrival): EdgeNode | undefined {
    const { group, edgeNode } = arrival.address
    const name = `${group}/${edgeNode}`
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    if (this.#nodes.size >= MAX_EDGE_NODES && !this.#makeRoom()) {
      const sentence = `No more than ${MAX_EDGE_NODES} edge nodes can be known at a time.`
      const failure = new ParseFailure('SPARKPLUG_BIRTH_MISSING', sentence)
      this.settled(arrival, { entries: [{ kind: 'failed', failure }] })
      return undefined
    }
    const made = new EdgeNode(group, edgeNode, this)
    this.#nodes.set(name, made)
    return made
  }

  /** The one that has been idle and was known first goes. */
  #makeRoom(): boolean {
    for (const [name, node] of this.#nodes) {
      if (!node.isIdle) continue
      this.#nodes.delete(name)
      this.#rebirths.forget(node)
      return true
    }
    return false
  }

  #command({ group, edgeNode }: EdgeNode): boolean {
    const timestamp = Date.now()
    const metrics = [
      { name: 'Node Control/Rebirth', timestamp, type: 'Boolean', tellsType: true, value: true }
    ] as const
    const topic = topicOf(group, 'NCMD', edgeNode)
    const payload = encodePayload({ timestamp, metrics })
    if (!this.ports.command(topic, payload)) return false
    this.ports.asked(`${group}/${edgeNode}`)
    return true
  }

  #end(outcome: Pick<ArrivalOutcome, 'packet' | 'acks'> & Partial<ArrivalOutcome>): void {
    const nothing = { entries: [], reading: undefined, duplicates: 0, filtered: 0 }
    this.ports.settled({ arrival: undefined, ...nothing, ...outcome })
  }
}
