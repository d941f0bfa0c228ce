import type { Node, NodeAPI } from 'node-red'
import type { AcknowledgeMode } from '../../core/delivery/types.ts'
import { type Closing, deploymentsOf } from '../../core/deployments.ts'
import type { MillraceError } from '../../core/errors.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { shownProblem } from '../../core/mqtt/connect-errors.ts'
import { DeletedSessions } from '../../core/mqtt/deleted-sessions.ts'
import { keptSessionsOf } from '../../core/mqtt/kept-sessions.ts'
import { SILENT_MS, silentText } from '../../core/mqtt/pulse.ts'
import { MAX_RECEIVE_MAXIMUM, type Qos } from '../../core/mqtt/settings.ts'
import { type Context, defineNode, providedBy } from '../../core/node/define-node.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'
import { compact, STALLED_MS, type Status, stalledText } from '../../core/node/status.ts'
import { Rate } from '../../core/rate.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { Trials, userDirOf } from '../../core/source/trials.ts'
import { UNWIRED } from '../../core/source/unwired.ts'
import { Deliverer, REJECTED } from './deliver.ts'
import { Intake } from './intake.ts'
import { shaperOf } from './logic.ts'
import { IngestSession } from './session.ts'
import { spec } from './spec.ts'

/** What is in flight at a redeploy may still be stored and acknowledged for so long; the rest comes again. */
const DRAIN_MS = 2000

const deletedSessions = new WeakMap<NodeAPI, DeletedSessions>()

/** Sessions outlive their nodes: what becomes of those of deleted ones is watched also where no node of this type runs. */
export default (RED: NodeAPI): void => {
  const deleted = new DeletedSessions({
    kept: keptSessionsOf(RED),
    deployments: deploymentsOf(RED),
    type: spec.type,
    log: (line, isProblem) => (isProblem ? RED.log.warn(line) : RED.log.info(line)),
    settingsBy: (broker, nodeId, clientId) =>
      providedBy<MqttBroker>(RED, broker)?.settingsFor({ nodeId, clientId, keepSession: true, receiveMaximum: MAX_RECEIVE_MAXIMUM })
  })
  deletedSessions.set(RED, deleted)
  register(RED)
}

const register = defineNode(spec, context => {
  const { RED, node, options, metrics, status, provided, isWired } = context
  const broker = provided<MqttBroker>('broker')
  const shaper = shaperOf(options)
  const qos = Number(options.qos) as Qos
  const mode = qos === 0 ? 'received' : options.acknowledge
  const source = new DeliverySource({
    ...options,
    RED,
    node,
    metrics,
    mode,
    timeoutMs: options.timeoutS * 1000,
    outputs: spec.outputs.length,
    deadLetterOutput: REJECTED,
    isWired,
    onCapacity: () => session.resume(),
    onPause: () => intake.flush()
  })
  const trials = trialsOf(RED, node, mode)
  const intake = new Intake({
    ...options,
    trials,
    warn: sentence => node.warn(sentence),
    onTurn: () => session.resume(),
    isPaused: () => source.isPaused,
    keyOf: shaper.keyOf,
    emit: batch => deliverer.deliver(batch)
  })
  const deliverer = new Deliverer({ shaper, source, intake, metrics, single: options.batchSize === 1 })
  const session = new IngestSession({
    ...options,
    qos,
    broker,
    ...ownershipOf(context),
    filter: shaper.filter,
    intake,
    log: (line, isProblem) => (isProblem ? node.warn(line) : node.log(line)),
    changed: () => show(),
    skipped: () => leaveOut(metrics)
  })
  const rate = new Rate()
  const retryText = isWired(REJECTED) ? 'retrying' : 'retrying, no wire for dead letters'
  const show = () =>
    showStatus(status, session, source, { open: intake.open, perSecond: rate.of(metrics.in), retryText, others: deliverer.forOthers })
  const ticker = setInterval(() => {
    session.tidy()
    show()
  }, 1000).unref()
  status.waiting('connecting')
  if (mode !== 'received' && !isWired(REJECTED)) node.warn(UNWIRED[mode])
  session.start()
  return {
    async close(closing) {
      clearInterval(ticker)
      await end({ session, trials, intake, source }, closing)
    }
  }
})

interface Parts {
  readonly session: IngestSession
  readonly trials: Trials
  readonly intake: Intake
  readonly source: DeliverySource
}

async function end({ session, trials, intake, source }: Parts, closing: Closing): Promise<void> {
  session.stopTaking()
  trials.end()
  intake.flush()
  await source.drained(DRAIN_MS)
  await source.close()
  await session.close(closing)
}

/** Whose session it is, and who keeps account of it. */
const ownershipOf = ({ RED, id, place, options }: Context<typeof spec>) => ({
  brokerId: options.broker,
  nodeId: id,
  place,
  kept: keptSessionsOf(RED),
  deleted: deletedSessions.get(RED)!
})

function leaveOut(metrics: NodeMetrics): void {
  metrics.in++
  metrics.filtered++
}

/** What is acknowledged at once does not come again, so nothing of it is remembered. */
function trialsOf(RED: NodeAPI, node: Node, mode: AcknowledgeMode): Trials {
  const userDir = mode === 'received' ? undefined : userDirOf(RED)
  return new Trials({ nodeId: node.id, userDir, warn: sentence => node.warn(sentence) })
}

interface Shown {
  readonly open: number
  readonly perSecond: number
  readonly retryText: string
  /** Messages that were not for this node. */
  readonly others: number
}

function showStatus(status: Status, session: IngestSession, source: DeliverySource, { open, perSecond, retryText, others }: Shown): void {
  const { messages, retrying, reason, stalledMs } = source.waiting
  const inFlight = `${compact(open)} in flight`
  if (!session.subscribed || session.problem !== undefined) showProblem(status, session.problem)
  else if (session.silentMs >= SILENT_MS) status.waiting(silentText(session.silentMs))
  else if (retrying > 0) status.waiting(`${retryText}: ${reason?.slice(0, 40)}`)
  else if (session.holding) status.waiting(`waiting for the flow, ${inFlight}`)
  else if (stalledMs >= STALLED_MS) status.waiting(stalledText(messages, stalledMs))
  else status.healthy(`${compact(perSecond)}/s · ${inFlight}${others > 0 ? ` · ${compact(others)} for others` : ''}`)
}

function showProblem(status: Status, problem: MillraceError | undefined): void {
  const { short, needsPerson } = shownProblem(problem)
  if (needsPerson) status.failed(short)
  else status.waiting(short)
}
