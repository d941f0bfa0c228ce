import type { NodeAPI, NodeDef } from 'node-red'
import { deploymentsOf } from '../../core/deployments.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { Hops } from '../../core/mqtt/hops.ts'
import { gatheringOf } from '../../core/pace.ts'
import { defineSource, type SourceContext } from '../../core/source/define-source.ts'
import { Batcher } from './batcher.ts'
import { Deliveries } from './deliver.ts'
import { learn } from './learn.ts'
import { shaperOf } from './logic.ts'
import { migrations } from './migrations.ts'
import { maySeeOwn, OwnPublishes, unknownOwn } from './own-publishes.ts'
import { previewed } from './preview.ts'
import { sessionOf, sessions } from './sessions.ts'
import { spec } from './spec.ts'
import { troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const behind = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

export default (RED: NodeAPI): void => {
  sessions.watch(RED)
  deploymentsOf(RED).onStarted(`${spec.type} own`, () => {
    for (const look of looks) look()
  })
  register(RED)
}

/** Of all nodes behind one listener: Node-RED's emitter warns of a leak at the eleventh. */
const looks = new Set<() => void>()

/**
 * A straight line: the session hands messages to the batcher, the batcher batches to the flow; a
 * batch knows the way back.
 */
const register = defineSource(
  spec,
  context => {
    const { options, node, source, trials, resume } = context
    const shaper = shaperOf(options)
    const deliveries = new Deliveries(shaper, context)
    const own = new OwnPublishes(context, new Hops(context.RED))
    const batcher = new Batcher({
      ...options,
      ...gatheringOf(options),
      hop: () => own.hop,
      trials,
      warn: sentence => node.warn(sentence),
      onTurn: resume,
      isPaused: () => source.isPaused || source.isBehind,
      keyOf: shaper.keyOf,
      deliver: batch => deliveries.deliver(batch)
    })
    const session = sessionOf(context, batcher, shaper.filter, own)
    const look = () => lookForOwn(context, own, shaper.filter)
    look()
    looks.add(look)
    return {
      ready: shaper.ready,
      start: () => session.start(),
      resume: () => session.resume(),
      isBlocked: () => batcher.isBlocked,
      flush() {
        batcher.flush()
        batcher.acknowledge()
      },
      tick: () => session.tidy(),
      stop() {
        session.stopTaking()
        deliveries.end()
        own.end()
      },
      close(closing) {
        looks.delete(look)
        return session.close(closing)
      },
      trouble: () => troubleOf(session, source, batcher.open),
      working: perSecond =>
        workingText(perSecond, {
          open: batcher.open,
          forOthers: deliveries.forOthers,
          own: own.leftOut,
          elsewhere: session.elsewhere
        })
    }
  },
  {
    migrations,
    mode: ({ qos, acknowledge }) => (qos === '0' ? 'received' : acknowledge),
    preview: { make: previewed, learn, behind }
  }
)

interface PublishDef extends NodeDef {
  readonly broker?: string
  readonly topic?: string
}

/** Whether messages that the flow publishes may come here; told where they cannot be recognised. */
function lookForOwn(
  { RED, node, options, provided }: SourceContext<typeof spec>,
  own: OwnPublishes,
  filter: string
): void {
  const published: PublishDef[] = []
  RED.nodes.eachNode((each: PublishDef) => {
    if (each.type === 'millrace-mqtt-publish') published.push(each)
  })
  const topics = published.map(({ topic }) => String(topic ?? ''))
  const before = own.mayCome
  own.mayCome = maySeeOwn(options.own, filter, topics)
  if (before || !own.mayCome || provided<MqttBroker>('broker').protocolVersion === 5) return
  const publishers = published.filter(({ broker }) => broker === options.broker).length
  if (publishers > 0) node.warn(unknownOwn(publishers))
}
