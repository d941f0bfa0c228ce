import type { Node } from 'node-red'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import { readTopic } from '../../kafka-topics.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

/** What the tests of the producer stand on; set before each of them. */
export interface Scene {
  readonly rig: Rig
  /** Between the flow and the broker. */
  readonly proxy: FaultProxy
  readonly flow: KafkaFlow
  /** Deploys a producer `write` whose outputs lead to the `seen` nodes `sent` and `bad`. */
  producer(topic: string, options?: object, wires?: string[][]): Promise<Node>
  /** The values of all records of a topic, as text. */
  valuesOf(topic: string): Promise<string[]>
}

/** Registers the hooks of a suite; the scene stands from `before` on. */
export function sceneOfProducer(): Scene {
  const scene = {
    async producer(
      topic: string,
      options: object = {},
      wires: string[][] = [['sent'], ['bad']]
    ): Promise<Node> {
      const { flow, proxy } = scene
      await flow.deploy(proxy.brokers[0]!, [
        { id: 'write', type: 'millrace-kafka-producer', topic, ...options, wires },
        { id: 'sent', type: 'seen' },
        { id: 'bad', type: 'seen' }
      ])
      for (const id of ['sent', 'bad']) flow.seen(id).arrived.length = 0
      return flow.nodeRed.node<Node>('write')
    },
    valuesOf: async (topic: string) =>
      (await readTopic(scene.rig.brokers, topic)).map(({ value }) => String(value))
  } as { -readonly [Name in keyof Scene]: Scene[Name] }
  before(async () => {
    scene.rig = await kafkaRig()
    scene.proxy = await FaultProxy.before(scene.rig.brokers)
    scene.flow = await startKafkaFlow()
  })
  after(async () => {
    await scene.flow.stop()
    await scene.proxy.refuse()
    await scene.rig.close()
  })
  return scene
}
