import { pause } from '../backoff.ts'
import type { Closing, FlowPlace } from '../deployments.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import type { MqttBroker } from './broker.ts'
import type { MqttConnection } from './client.ts'
import { DeferredAcks, type Received } from './deferred-ack.ts'
import type { DeletedSessions } from './deleted-sessions.ts'
import { FormerSession } from './former-session.ts'
import type { Intake } from './intake.ts'
import { type KeptSession, type KeptSessions, sessionOf } from './kept-sessions.ts'
import type { Link } from './link.ts'
import { SessionMemory } from './session-memory.ts'
import { changeWarning, pausedNotice, staleSentence } from './session-notices.ts'
import { type Announce, MAX_RECEIVE_MAXIMUM, type MqttSettings, type Qos } from './settings.ts'
import { plainFilter, StaleSubscriptions } from './stale-subscriptions.ts'

export type { Intake }

export interface SessionOptions {
  readonly broker: MqttBroker
  /** The id of its configuration node. */
  readonly brokerId: string
  readonly nodeId: string
  readonly place: FlowPlace
  readonly kept: KeptSessions
  readonly deleted: DeletedSessions
  readonly clientId: string
  /** MQTT topic filters, without the shared group. */
  readonly filters: readonly string[]
  readonly group: string
  readonly qos: Qos
  readonly retained: 'new' | 'always' | 'never'
  readonly maxInFlight: number
  readonly intake: Intake
  /** False: the server forgets the session when the connection ends. */
  readonly keepSession?: boolean
  /** Says whether the node is there, in place of what the server node says. */
  readonly announce?: Announce
  /** A connection is about to bring messages; `isResumed`: it goes on where the last one ended. */
  began?(isResumed: boolean): void
  log(line: string, isProblem: boolean): void
  /** There is a connection, or none any more. */
  changed(): void
  /** A message was left out, as set. */
  skipped(): void
  /** Whether this message is left out: acknowledged at once, and taken by nobody. */
  leavesOut?(packet: Received): boolean
}

/**
 * For the end of the session of a deleted node; where it takes longer it goes on after Node-RED has
 * closed the node.
 */
const END_MS = 6000

const RETAIN_HANDLING = { always: 0, new: 1, never: 2 } as const

/**
 * The session of one ingest node with its server: subscribes at every connect, and hands what comes
 * to the intake.
 */
export class IngestSession {
  readonly #connection: MqttConnection
  readonly #filters: readonly string[]
  readonly #stale = new StaleSubscriptions()
  #acks: DeferredAcks | undefined
  #link: Link | undefined
  #memory = new SessionMemory()
  #problem: MillraceError | undefined
  #silentMs = 0
  #stopped = false
  #formers: readonly FormerSession[] | undefined

  constructor(private readonly options: SessionOptions) {
    const { broker, nodeId, clientId, group, filters, keepSession = true, announce } = options
    this.#filters = group === '' ? filters : filters.map(filter => `$share/${group}/${filter}`)
    this.#connection = broker.connection(
      { nodeId, clientId, keepSession, receiveMaximum: this.#receiveMaximum(), announce },
      {
        takesMessages: true,
        linked: link => this.#linked(link),
        ready: link => this.#subscribe(link),
        lost: error => this.#lost(error),
        log: options.log
      }
    )
  }

  start(): void {
    const { nodeId, kept, deleted, log } = this.options
    const before = kept.begin(nodeId, this.#connection.settings)
    const warning = before && changeWarning(before, this.#connection.settings)
    if (warning) log(warning, true)
    // Where the node was deleted and has come back at once, its session may still be about to end.
    void deleted.settled(nodeId).then(() => this.#connection.start())
  }

  /** True once the subscription stands. */
  get subscribed(): boolean {
    return this.#link?.up ?? false
  }
  /** The address that serves in place of the first one; undefined where that does. */
  get elsewhere(): string | undefined {
    return this.#connection.elsewhere
  }
  /** For how long the server has owed an answer, in ms. */
  get silentMs(): number {
    return this.#silentMs
  }
  /** True while messages wait on the socket because too many are in flight. */
  get holding(): boolean {
    return this.#acks?.holding ?? false
  }
  /** What is wrong with the connection, if it is known. */
  get problem(): MillraceError | undefined {
    return this.#problem ?? this.#connection.rival
  }

  /** Messages taken so far of the session from before a change; undefined if there is none. */
  get takenOfFormer(): number | undefined {
    const taken = (this.#formers ?? []).flatMap(former => former.taken ?? [])
    return taken.length === 0 ? undefined : taken.reduce((sum, each) => sum + each, 0)
  }

  /** Publishes over the connection of the session; false where there is none. */
  publish(topic: string, payload: string | Buffer, qos: Qos, retain: boolean): boolean {
    if (!this.#link?.up) return false
    this.#link.publish(topic, payload, qos, retain, error => {
      if (error !== undefined)
        this.options.log(
          `The server did not take what was published to "${topic}": ${reasonOf(error)}`,
          true
        )
    })
    return true
  }

  /** Says anew that the node is there, as when it connected; or that it is not, as its will. */
  announce(isThere: boolean): void {
    const settings = this.#link?.settings
    const word = isThere ? settings?.birth : settings?.will
    if (word !== undefined) this.publish(word.topic, word.payload, word.qos, word.retain)
  }

  /** There is room for more messages. */
  resume(): void {
    this.#acks?.resume()
    for (const former of this.#formers ?? []) former.resume()
  }

  /**
   * Call about once a second: sees whether the server answers, and leaves what the session is still
   * subscribed to and does not need any more.
   */
  tidy(): void {
    this.#silentMs = this.#connection.beat(!this.holding)
    if (this.#stale.exist && this.#link?.up)
      void this.#unsubscribe(this.#link, this.#stale.due(this.options.intake, performance.now()))
  }

  /** Takes no more messages; acknowledgements still go out. */
  stopTaking(): void {
    this.#stopped = true
  }

  /**
   * Ends the connection. The session stays on the server unless the node is deleted: then nobody
   * would fetch its messages.
   */
  async close(closing: Closing): Promise<void> {
    const { nodeId, qos, kept, deleted, intake, log } = this.options
    intake.acknowledge?.()
    const { open } = intake
    await Promise.all([
      this.#connection.close(3000),
      ...(this.#formers ?? []).map(former => former.close())
    ])
    this.#acks?.end()
    kept.leave(nodeId, open, Date.now())
    if (closing === 'paused') {
      const { line, isProblem } = pausedNotice(kept.get(nodeId), qos)
      log(line, isProblem)
    } else if (closing === 'deleted') {
      await Promise.race([deleted.end(nodeId), pause(END_MS, { unref: true })])
    }
  }

  /**
   * Of QoS 2 the server keeps a message open until PUBCOMP, and ActiveMQ Artemis 2.55 stalls when
   * it reaches the Receive Maximum that way; so none is announced, and the local bound alone holds
   * it back.
   */
  #receiveMaximum(): number {
    return this.options.qos === 2 ? MAX_RECEIVE_MAXIMUM : this.options.maxInFlight
  }

  #linked(link: Link): void {
    if (!link.sessionPresent) this.#memory = new SessionMemory()
    this.options.began?.(link.sessionPresent)
    const acks: DeferredAcks = new DeferredAcks(link.client, this.#memory, packet =>
      this.#take(packet, acks)
    )
    this.#acks = acks
  }

  #take(packet: Received, acks: DeferredAcks): boolean {
    if (this.#stopped) return false
    // MQTT 3.1.1 has no Retain Handling: there retained messages come at every subscribe.
    const isUnwanted = packet.retain && this.options.retained === 'never'
    if (isUnwanted || this.options.leavesOut?.(packet) === true) {
      acks.acknowledge([packet])
      this.options.skipped()
      return true
    }
    const { intake } = this.options
    const isTaken = this.#memory.isAgain(packet, acks) || intake.offer(packet, acks)
    if (this.#stale.exist) this.#stale.arrived(performance.now(), intake.full)
    return isTaken
  }

  /**
   * The session outlives a redeploy, and with it what was subscribed to before: that is left later,
   * see `StaleSubscriptions`.
   */
  async #subscribe(link: Link): Promise<void> {
    const { nodeId, brokerId, place, qos, retained, kept } = this.options
    for (const filter of this.#filters)
      await link.subscribe({ filter, qos, retainHandling: RETAIN_HANDLING[retained] })
    const grantedExpiryS = link.serverProperties?.sessionExpiryInterval
    const session = sessionOf({ settings: link.settings, broker: brokerId, place, grantedExpiryS })
    if (session === undefined) kept.forget(nodeId)
    else {
      for (const filter of this.#filters) session.filters.add(filter)
      const before = link.sessionPresent ? kept.filtersOf(session) : []
      kept.keep(nodeId, session)
      this.#leaveLater(before)
    }
    this.#link = link
    this.#problem = undefined
    this.options.changed()
    this.#endFormers(link.settings)
  }

  /** What the session is subscribed to from before, and does not need any more. */
  #leaveLater(before: readonly string[]): void {
    const { nodeId, kept, log } = this.options
    const stale = before.filter(filter => !this.#filters.includes(filter))
    this.#stale.begin(stale, performance.now())
    if (stale.length === 0) return
    log(staleSentence(stale), false)
    for (const filter of stale) kept.get(nodeId)?.filters.add(filter)
    kept.save()
  }

  /** Not before this session stands: what is published from now on comes by it. */
  #endFormers(settings: MqttSettings): void {
    if (this.#formers !== undefined || this.#stopped) return
    const { nodeId, kept, deleted, intake, log, changed } = this.options
    const own = () => this.#link
    const goesOn = ({ filters }: KeptSession) =>
      this.#leaveLater([...new Set([...filters, ...(kept.get(nodeId)?.filters ?? [])])])
    const shared = { settings, own, goesOn, kept, deleted, intake, log, changed }
    this.#formers = kept.formersOf(nodeId).map(key => new FormerSession({ key, ...shared }))
    for (const former of this.#formers) former.start()
  }

  /**
   * Where a filter was left whose twin in or out of a shared group stays, ActiveMQ Artemis 2.55
   * sends nothing for the twin until the client connects anew, so it does.
   */
  async #unsubscribe(link: Link, filters: readonly string[]): Promise<void> {
    const { nodeId, kept } = this.options
    for (const filter of filters) {
      try {
        await link.unsubscribe(filter)
        kept.left(nodeId, filter)
        this.options.log(`The subscription to "${filter}" has ended.`, false)
      } catch (error) {
        if (link.up)
          this.options.log(
            `The subscription to "${filter}", from before the topics were changed, stays: ${reasonOf(error)}`,
            true
          )
      }
    }
    if (filters.some(filter => this.options.filters.includes(plainFilter(filter)))) {
      await link.end(
        1000,
        new MillraceError(
          'MQTT_CONNECTION_LOST',
          'The shared group was changed, which takes a new connection.'
        )
      )
    }
  }

  #lost(problem: MillraceError): void {
    this.#problem = problem
    this.options.intake.acknowledge?.()
    if (this.#acks) this.#acks.end(this.options.intake.openOf(this.#acks))
    this.#acks = undefined
    this.#link = undefined
    this.options.changed()
  }
}
