import assert from 'node:assert/strict'
import { companion } from '../../../build/palettes.ts'
import { build } from '../../../build.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { amqpUrl, Client, readings, unique, upTo } from './rig.ts'

const MESSAGES = 5_000

describe('AMQP, when Node-RED is killed', function () {
  this.timeout(120_000)
  let nodeRed: NodeRedProcess | undefined
  after(() => nodeRed?.remove())

  it('kill -9 between two queues: each message is in the second one, and none is left in the first', async () => {
    const url = amqpUrl((await services('mqtt')).mqtt.url)
    await build()
    await build({ root: (await companion('amqp')).folder })
    const [first, second] = [unique('first'), unique('second')]
    const place = { z: 'tab', x: 100, y: 100 }
    nodeRed = new NodeRedProcess({
      flow: [
        { id: 'tab', type: 'tab' },
        { id: 'server', type: 'millrace-amqp-server', url },
        {
          id: 'ingest',
          type: 'millrace-amqp-ingest',
          server: 'server',
          address: first,
          acknowledge: 'stored',
          pace: 'latency',
          batchSize: 50,
          ...place,
          wires: [['publish'], []]
        },
        {
          id: 'publish',
          type: 'millrace-amqp-publish',
          server: 'server',
          address: second,
          ...place,
          wires: [[], []]
        }
      ]
    })
    await nodeRed.start()
    const client = await Client.open(url)
    const found: number[] = []
    client.listen(second, ({ body }) => {
      const { content = body } = body as { content?: unknown }
      found.push((JSON.parse(String(content)) as { n: number }).n)
    })
    const sent = client.send(first, readings(MESSAGES))
    for (const part of [0.2, 0.5]) {
      await until('some', () => new Set(found).size > part * MESSAGES, 60_000, 5)
      await nodeRed.end('SIGKILL')
      await nodeRed.start()
    }
    await sent
    await until('all', () => new Set(found).size === MESSAGES, 60_000)
    const counts = async () => (await nodeRed!.metrics()).nodes.find(({ id }) => id === 'ingest')!
    await until('settlement', async () => (await counts()).counts.inFlight === 0)
    assert.deepEqual(
      [...new Set(found)].sort((a, b) => a - b),
      upTo(MESSAGES)
    )
    await nodeRed.end('SIGTERM')
    assert.equal(client.take(first).length, 0)
    await client.close()
  })
})
