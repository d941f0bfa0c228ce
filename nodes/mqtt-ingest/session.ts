import type { MillraceError } from '../../core/errors.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { MqttConnection } from '../../core/mqtt/client.ts'
import { DeferredAcks, type Received, type Recorded } from '../../core/mqtt/deferred-ack.ts'
import type { Link } from '../../core/mqtt/link.ts'
import { MAX_RECEIVE_MAXIMUM, type Qos } from '../../core/mqtt/settings.ts'
import type { Intake } from './intake.ts'

export interface SessionOptions {
  readonly broker: MqttBroker
  readonly nodeId: string
  readonly clientId: string
  /** MQTT topic filter, without the shared group. */
  readonly filter: string
  readonly group: string
  readonly qos: Qos
  readonly retained: 'new' | 'always' | 'never'
  readonly maxInFlight: number
  readonly intake: Intake
  log(line: string, isProblem: boolean): void
  /** There is a connection, or none any more. */
  changed(): void
  /** A retained message was left out, as set. */
  skipped(): void
}

const RETAIN_HANDLING = { always: 0, new: 1, never: 2 } as const

/** Filters that the sessions of this process are subscribed to, by client id; outlives a redeploy, which makes new nodes. */
const FILTERS = Symbol.for('millrace.mqtt-filters')
const shared = globalThis as { [FILTERS]?: Map<string, string> }
const known = (): Map<string, string> => {
  shared[FILTERS] ??= new Map()
  return shared[FILTERS]
}

/** The session of one ingest node with its server: subscribes at every connect, and hands what comes to the intake. */
export class IngestSession {
  readonly #connection: MqttConnection
  readonly #filter: string
  #acks: DeferredAcks | undefined
  #recorded: Recorded = new Set()
  #problem: MillraceError | undefined
  #stopped = false

  constructor(private readonly options: SessionOptions) {
    const { broker, nodeId, clientId, group, filter } = options
    this.#filter = group === '' ? filter : `$share/${group}/${filter}`
    this.#connection = broker.connection(
      { nodeId, clientId, keepSession: true, receiveMaximum: this.#receiveMaximum() },
      {
        linked: link => this.#linked(link),
        ready: link => this.#subscribe(link),
        lost: error => this.#lost(error),
        log: options.log
      }
    )
  }

  start(): void {
    this.#connection.start()
  }

  get connected(): boolean {
    return this.#connection.connected
  }
  /** True while messages wait on the socket because too many are in flight. */
  get holding(): boolean {
    return this.#acks?.holding ?? false
  }
  /** Why there is no connection; undefined if there is one or none was tried. */
  get problem(): MillraceError | undefined {
    return this.#problem
  }

  /** There is room for more messages. */
  resume(): void {
    this.#acks?.resume()
  }

  /** Takes no more messages; acknowledgements still go out. */
  stopTaking(): void {
    this.#stopped = true
  }

  /** Ends the connection. The session stays on the server unless the node is removed: then nobody would fetch its messages. */
  async close(removed: boolean): Promise<void> {
    if (removed) known().delete(this.#connection.settings.clientId)
    await this.#connection.close(3000, { endSession: removed })
    this.#acks?.end()
  }

  /**
   * Of QoS 2 the server keeps a message open until PUBCOMP, and ActiveMQ Artemis 2.55 stalls when it reaches the Receive
   * Maximum that way; so none is announced, and the local bound alone holds it back.
   */
  #receiveMaximum(): number {
    return this.options.qos === 2 ? MAX_RECEIVE_MAXIMUM : this.options.maxInFlight
  }

  #linked(link: Link): void {
    if (!link.sessionPresent) this.#recorded = new Set()
    const acks: DeferredAcks = new DeferredAcks(link.client, this.#recorded, packet => this.#take(packet, acks))
    this.#acks = acks
  }

  #take(packet: Received, acks: DeferredAcks): boolean {
    if (this.#stopped) return false
    // MQTT 3.1.1 has no Retain Handling: there retained messages come at every subscribe.
    if (packet.retain && this.options.retained === 'never') {
      acks.acknowledge([packet])
      this.options.skipped()
      return true
    }
    return this.options.intake.offer(packet, acks)
  }

  async #subscribe(link: Link): Promise<void> {
    const { clientId } = link.settings
    const before = known().get(clientId)
    // The session outlives a redeploy, and with it a subscription to what was set before.
    if (link.sessionPresent && before !== undefined && before !== this.#filter) await link.unsubscribe(before)
    await link.subscribe({ filter: this.#filter, qos: this.options.qos, retainHandling: RETAIN_HANDLING[this.options.retained] })
    known().set(clientId, this.#filter)
    this.#problem = undefined
    this.options.changed()
  }

  #lost(problem: MillraceError): void {
    this.#problem = problem
    this.#acks?.end()
    this.#acks = undefined
    this.options.changed()
  }
}
