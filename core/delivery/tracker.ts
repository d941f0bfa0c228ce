import type { NodeAPI } from 'node-red'
import { anyText } from '../errors.ts'
import { AssignedLanes } from './assigned-lanes.ts'
import { beforeFlowsStop } from './before-stop.ts'
import { Follower } from './follow.ts'
import { HeldLanes, type HeldPart, type LaneHolder, type PassedPart } from './held-lanes.ts'
import { hooksOf, installHooks, watchErrors } from './hooks.ts'
import type { FlowHooks, FlowMessage, FlowNode, Runtime } from './node-red.ts'
import { OpenDeliveries } from './open-deliveries.ts'
import { isOpen, tokenOf } from './token.ts'
import type {
  Backlog,
  Confirmed,
  Delivery,
  OpenOptions,
  PausableSource,
  Position,
  Tracker
} from './types.ts'

const SWEEP_MS = 25
/** Where nothing waits for a grace to end, only timeouts of seconds are looked at. */
const CALM_SWEEP_MS = 250
/**
 * A busy process delays the timers of nodes as it delays ours: time in which nothing could run must
 * not use up a grace.
 */
const MOST_PER_SWEEP_MS = 2 * SWEEP_MS

/**
 * At most so long a deployment waits for what is in flight, though it moves. Whoever ends a process
 * gives it some 10 s, and the nodes have to close in that time too.
 */
const DRAIN_MS = 6_000
const DRAIN_CHECK_MS = 10

/**
 * Follows the messages of sources through the flows of one Node-RED runtime; see `Tracker` for what
 * nodes ask of it.
 */
export class FlowTracker implements Tracker {
  readonly #deliveries: OpenDeliveries
  readonly #follower: Follower
  readonly #assigned: AssignedLanes
  readonly #held = new HeldLanes()
  #sources = 0
  readonly #pausable = new Set<PausableSource>()
  readonly #sourceOf = new Map<string, PausableSource>()
  readonly #dropWatchers = new Set<(source: string, lane: string) => void>()
  readonly #endWatchers = new Set<(taken: object) => void>()
  #uninstall: (() => void)[] = []
  #watching = false
  #sweeper: NodeJS.Timeout | undefined
  #phaseKnown = false
  #sweepMs = 0
  #sweptMs = 0
  /** The clock of the graces. */
  #graceMs = 0
  #deployed: (() => void)[] = []

  constructor(
    private readonly runtime: Runtime,
    private readonly now: () => number = () => performance.now()
  ) {
    const nodeOf = (id: string) => runtime.nodes.getNode(id)
    this.#deliveries = new OpenDeliveries(
      now,
      () => this.#graceNow(),
      id => (nodeOf(id) as FlowNode | null)?.wires?.some(wires => wires.length > 0) ?? false
    )
    this.#assigned = new AssignedLanes(id => nodeOf(id) as FlowNode | null)
    this.#follower = new Follower(this.#deliveries, nodeOf, () => this.#graceNow())
    this.deliversAtOnce = runtime.settings.runtimeSyncDelivery === true
    this.#listen()
    beforeFlowsStop(
      () => this.#drain(),
      () => this.afterDeployment(() => this.#resume())
    )
  }

  get openCount(): number {
    return this.#deliveries.openCount
  }
  get deploying(): boolean {
    return this.#follower.unsettled
  }

  afterDeployment(callback: () => void): void {
    if (this.deploying) this.#deployed.push(callback)
    else setImmediate(callback)
  }

  /** Node-RED's setting `runtimeSyncDelivery`. */
  set deliversAtOnce(atOnce: boolean) {
    this.#follower.deliversAtOnce = atOnce
  }

  register(node: object, source?: PausableSource): () => void {
    // A node that is being constructed is not known by its id yet: flows are starting.
    if (!this.#phaseKnown && this.runtime.nodes.getNode((node as FlowNode).id) !== node)
      this.#follower.unsettled = true
    if (this.#sources++ === 0) this.#install()
    const { id } = node as FlowNode
    if (source !== undefined) {
      this.#pausable.add(source)
      this.#sourceOf.set(id, source)
    }
    let registered = true
    return () => {
      if (!registered) return
      registered = false
      if (source !== undefined) {
        this.#pausable.delete(source)
        if (this.#sourceOf.get(id) === source) this.#sourceOf.delete(id)
      }
      if (--this.#sources === 0 && this.openCount === 0) this.#remove()
    }
  }

  backlogOf(source: string): Backlog | undefined {
    return this.#sourceOf.get(source)?.backlog
  }

  laneDropped(source: string, lane: string): void {
    for (const watcher of this.#dropWatchers) watcher(source, lane)
  }
  whenLaneDropped(callback: (source: string, lane: string) => void): () => void {
    this.#dropWatchers.add(callback)
    return () => this.#dropWatchers.delete(callback)
  }

  ended(taken: object): void {
    for (const watcher of this.#endWatchers) watcher(taken)
  }
  whenEnded(callback: (taken: object) => void): () => void {
    this.#endWatchers.add(callback)
    return () => this.#endWatchers.delete(callback)
  }

  lanesAssigned(source: string, lanes: readonly string[]): void {
    this.#assigned.assigned(source, lanes)
  }
  whenLanesAssigned(
    nodeId: string,
    callback: (source: string, lanes: readonly string[]) => void
  ): () => void {
    return this.#assigned.watch({ nodeId, callback })
  }

  holdLanes(holder: LaneHolder): () => void {
    return this.#held.hold(holder)
  }
  lanePassed(part: PassedPart, held: HeldPart): void {
    this.#held.passed(part, held)
  }
  readAgainOf(source: string): () => void {
    const found = this.#sourceOf.get(source)
    return () => found?.readAgain?.()
  }

  open(message: object, nodeId: string, options: OpenOptions): Delivery {
    this.#install()
    if (this.#sweeper === undefined) this.#sweepEvery(CALM_SWEEP_MS)
    const flowMessage = message as FlowMessage
    flowMessage._msgid ??= this.runtime.util.generateId()
    return this.#deliveries.open(flowMessage, flowMessage._msgid, nodeId, options)
  }

  confirm(message: object, confirmed: Confirmed): void {
    this.#deliveries.confirm(message, confirmed)
  }
  transactionOf(message: object): object | undefined {
    return this.#deliveries.transactionOf(message)
  }
  isFollowed(message: object): boolean {
    return isOpen(tokenOf(message))
  }
  fail(message: object, error: { code: string; message: string }): void {
    this.#deliveries.failByHand(message, error)
  }
  touch(message: object): void {
    this.#deliveries.touch(message)
  }
  isGivenUp(message: object): boolean {
    return this.#deliveries.isGivenUp(message)
  }
  isPartlyGivenUp(message: object): boolean {
    return this.#deliveries.isPartlyGivenUp(message)
  }

  attemptOf(message: object): object | undefined {
    return tokenOf(message)
  }
  sourceOf(message: object): string | undefined {
    return this.#deliveries.sourceOf(message)
  }
  takenOf(message: object): object | undefined {
    return this.#deliveries.deliveryOf(message)?.options.taken
  }
  settledBefore(message: object): Position | undefined {
    return this.#deliveries.deliveryOf(message)?.options.settledBefore
  }
  whenSettled(message: object, callback: (acknowledged: boolean) => void): void {
    this.#deliveries.whenSettled(message, callback)
  }

  /**
   * Listens as long as the runtime lives: a tracker without sources must know that flows are being
   * deployed.
   */
  #listen(): void {
    const phase = (name: string, unsettled: boolean) =>
      this.runtime.events.on(name, () => {
        this.#phaseKnown = true
        this.#follower.unsettled = unsettled
        if (name === 'flows:stopped') this.#follower.nodesStopped()
        if (unsettled) return
        this.#assigned.deployed()
        for (const callback of this.#deployed.splice(0)) callback()
      })
    phase('flows:stopping', true)
    phase('flows:stopped', true)
    phase('flows:starting', true)
    phase('flows:started', false)
  }

  /**
   * Flows are about to be stopped. What is in flight then would come again: so the sources pause
   * first, and while all nodes are still there what they have sent comes to its end. What does not
   * move (a service is away, a join waits for more) is not waited for: no deployment may hang.
   */
  #drain(): Promise<void> | undefined {
    for (const source of this.#pausable) source.pause()
    const isMoving = () => [...this.#pausable].some(source => source.isMoving)
    if (!isMoving()) return undefined
    const endMs = this.now() + DRAIN_MS
    return new Promise(resolve => {
      const check = () => {
        if (isMoving() && this.now() < endMs) setTimeout(check, DRAIN_CHECK_MS)
        else resolve()
      }
      check()
    })
  }

  #resume(): void {
    for (const source of this.#pausable) source.resume()
  }

  #install(): void {
    if (this.#uninstall.length > 0) return
    const { onSend, preDeliver, onReceive, onComplete } = this.#follower
    const guarded =
      <Event extends { msg: FlowMessage }>(follow: (event: Event) => void) =>
      (event: Event): void => {
        try {
          follow(event)
        } catch (error) {
          this.#lost(event.msg, error)
        }
      }
    const hooks: FlowHooks = {
      onSend: events => {
        if (!this.#watching && events.length > 0) this.#watchErrors(events[0]!.source.node)
        try {
          onSend(events)
        } catch (error) {
          for (const event of events) this.#lost(event.msg, error)
        }
      },
      preDeliver: guarded(preDeliver),
      onReceive: guarded(onReceive),
      onComplete: guarded(onComplete)
    }
    this.#uninstall.push(installHooks(hooksOf(this.runtime), hooks))
  }

  #watchErrors(node: FlowNode): void {
    this.#watching = true
    const stop = watchErrors(node, (reporter, reason, message) => {
      if (this.openCount > 0) this.#follower.reported(reporter, reason, message)
    })
    this.#uninstall.push(stop)
  }

  /**
   * A hook that throws makes Node-RED drop the message. Ours must not; and what it could not count
   * must not be acknowledged.
   */
  #lost(message: object, error: unknown): void {
    this.runtime.log.warn(
      `Millrace could not follow a message through the flow, it is sent again: ${error instanceof Error ? error.stack : anyText(error)}`
    )
    this.#deliveries.failByHand(message, {
      code: 'DELIVERY_FAILED',
      message: 'The message could not be followed through the flow; see the log.'
    })
  }

  #remove(): void {
    for (const uninstall of this.#uninstall.splice(0)) uninstall()
    this.#watching = false
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  /** What the clock of the graces shows. Who asks is about to wait for the end of one. */
  #graceNow(): number {
    if (this.#sweepMs !== SWEEP_MS || this.#sweeper === undefined) this.#sweepEvery(SWEEP_MS)
    return this.#graceMs
  }

  #sweepEvery(ms: number): void {
    clearInterval(this.#sweeper)
    this.#sweepMs = ms
    this.#sweptMs = this.now()
    this.#sweeper = setInterval(() => this.#sweep(), ms).unref()
  }

  #sweep(): void {
    const nowMs = this.now()
    this.#graceMs += Math.min(nowMs - this.#sweptMs, MOST_PER_SWEEP_MS)
    this.#sweptMs = nowMs
    this.#follower.sweep(this.#graceMs)
    this.#deliveries.sweep(nowMs, this.#graceMs)
    if (this.openCount > 0) {
      const isWaiting = this.#follower.awaitsSilence || this.#deliveries.awaitsMore
      if (this.#sweepMs === SWEEP_MS && !isWaiting) this.#sweepEvery(CALM_SWEEP_MS)
      return
    }
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
    if (this.#sources === 0) this.#remove()
  }
}

/**
 * Kept on the global object: where this module is loaded twice, all nodes must still share one
 * tracker.
 */
const TRACKERS = Symbol.for('millrace.trackers')

/** The tracker of this Node-RED runtime. */
export function trackerOf(RED: NodeAPI): Tracker {
  const shared = globalThis as { [TRACKERS]?: WeakMap<object, FlowTracker> }
  const runtime = RED as unknown as Runtime
  shared[TRACKERS] ??= new WeakMap()
  let tracker = shared[TRACKERS].get(RED.events)
  if (tracker === undefined) {
    tracker = new FlowTracker(runtime)
    shared[TRACKERS].set(RED.events, tracker)
  }
  // A process may start one runtime after another, as tests do: they share the events, not the
  // settings.
  tracker.deliversAtOnce = runtime.settings.runtimeSyncDelivery === true
  return tracker
}
