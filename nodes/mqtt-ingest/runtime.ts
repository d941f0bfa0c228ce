import type { MillraceError } from '../../core/errors.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { compact, STALLED_MS, type Status, stalledText } from '../../core/node/status.ts'
import { Rate } from '../../core/rate.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { UNWIRED } from '../../core/source/unwired.ts'
import { deliver, REJECTED } from './deliver.ts'
import { Intake } from './intake.ts'
import { shaperOf } from './logic.ts'
import { IngestSession } from './session.ts'
import { spec } from './spec.ts'

/** What is in flight at a redeploy may still be stored and acknowledged for so long; the rest comes again. */
const DRAIN_MS = 2000

export default defineNode(spec, ({ RED, node, id, options, metrics, status, provided, isWired }) => {
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
  const intake = new Intake({
    ...options,
    isPaused: () => source.isPaused,
    keyOf: shaper.keyOf,
    emit: batch => deliver(batch, shaper, source, intake, options.batchSize === 1)
  })
  const session = new IngestSession({
    ...options,
    qos,
    broker,
    nodeId: id,
    filter: shaper.filter,
    intake,
    log: (line, isProblem) => (isProblem ? node.warn(line) : node.log(line)),
    changed: () => show(),
    skipped: () => {
      metrics.in++
      metrics.filtered++
    }
  })
  const rate = new Rate()
  const retryText = isWired(REJECTED) ? 'retrying' : 'retrying, no wire for dead letters'
  const show = () => showStatus(status, session, source, { open: intake.open, perSecond: rate.of(metrics.in), retryText })
  const ticker = setInterval(() => {
    session.tidy()
    show()
  }, 1000).unref()
  status.waiting('connecting')
  if (mode !== 'received' && !isWired(REJECTED)) node.warn(UNWIRED[mode])
  session.start()
  return {
    async close(removed) {
      clearInterval(ticker)
      session.stopTaking()
      intake.flush()
      await source.drained(DRAIN_MS)
      await source.close()
      await session.close(removed)
    }
  }
})

interface Shown {
  readonly open: number
  readonly perSecond: number
  readonly retryText: string
}

function showStatus(status: Status, session: IngestSession, source: DeliverySource, { open, perSecond, retryText }: Shown): void {
  const { messages, retrying, reason, stalledMs } = source.waiting
  const inFlight = `${compact(open)} in flight`
  if (!session.connected) showProblem(status, session.problem)
  else if (retrying > 0) status.waiting(`${retryText}: ${reason?.slice(0, 40)}`)
  else if (session.holding) status.waiting(`waiting for the flow, ${inFlight}`)
  else if (stalledMs >= STALLED_MS) status.waiting(stalledText(messages, stalledMs))
  else status.healthy(`${compact(perSecond)}/s · ${inFlight}`)
}

function showProblem(status: Status, problem: MillraceError | undefined): void {
  if (problem === undefined) status.waiting('connecting')
  else if (problem.code === 'MQTT_REFUSED' || problem.code === 'MQTT_SUBSCRIBE_REFUSED') status.failed('refused, see the log')
  else status.waiting('waiting for the server')
}
