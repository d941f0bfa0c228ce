import assert from 'node:assert/strict'
import { companion } from '../../../build/palettes.ts'
import { build } from '../../../build.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { amqpUrl, Client, unique } from '../amqp/rig.ts'
import { freePort, post } from './rig.ts'

const REQUESTS = 600
const IN_A_LIST = 10

describe('CoAP, when Node-RED is killed', function () {
  this.timeout(120_000)
  let nodeRed: NodeRedProcess | undefined
  after(() => nodeRed?.remove())

  it('kill -9 and restarts in the middle: what was answered 2.04 is stored, also what was sent again', async () => {
    const url = amqpUrl((await services('mqtt')).mqtt.url)
    await build()
    for (const name of ['amqp', 'coap']) await build({ root: (await companion(name)).folder })
    const [queue, port] = [unique('coap'), await freePort()]
    const place = { z: 'tab', x: 100, y: 100 }
    nodeRed = new NodeRedProcess({
      flow: [
        { id: 'tab', type: 'tab' },
        { id: 'endpoint', type: 'millrace-coap-endpoint', port },
        { id: 'server', type: 'millrace-amqp-server', url },
        {
          id: 'ingest',
          type: 'millrace-coap-ingest',
          endpoint: 'endpoint',
          urlPath: 'in/{device_id}',
          access: 'open',
          acknowledge: 'stored',
          ...place,
          wires: [['publish'], []]
        },
        {
          id: 'publish',
          type: 'millrace-amqp-publish',
          server: 'server',
          address: queue,
          ...place,
          wires: [[], []]
        }
      ]
    })
    await nodeRed.start()
    const client = await Client.open(url)
    const stored = new Set<number>()
    client.listen(queue, ({ body }) => {
      const { content = body } = body as { content?: unknown }
      stored.add((JSON.parse(String(content)) as { n: number }).n)
    })
    const answered = new Set<number>()
    let next = 0
    /** A device that sends each of its lists until it is answered. */
    const device = async () => {
      while (next < REQUESTS) {
        const first = IN_A_LIST * next++
        const numbers = Array.from({ length: IN_A_LIST }, (_, index) => first + index)
        const body = JSON.stringify(numbers.map(n => ({ n })))
        for (let isStored = false; !isStored; ) {
          const limit = new Promise<undefined>(resolve => setTimeout(resolve, 3_000))
          const answer = await Promise.race([
            post(port, 'in/d1', body).catch(() => undefined),
            limit
          ])
          isStored = answer?.code === '2.04'
        }
        for (const n of numbers) answered.add(n)
      }
    }
    const devices = Promise.all(Array.from({ length: 8 }, device))
    for (const [part, signal] of [
      [0.2, 'SIGKILL'],
      [0.5, 'SIGTERM'],
      [0.7, 'SIGKILL']
    ] as const) {
      await until('some', () => answered.size > part * REQUESTS * IN_A_LIST, 60_000, 5)
      await nodeRed.end(signal)
      await nodeRed.start()
    }
    await devices
    await until('all', () => stored.size === REQUESTS * IN_A_LIST, 30_000)
    assert.equal(answered.size, REQUESTS * IN_A_LIST)
    await client.close()
  })
})
