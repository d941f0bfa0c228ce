// Mostly waits.
import { checks } from '../../../core/conformance/checks.ts'
import { conformanceNodes } from '../../../core/conformance/nodes.ts'
import type { Subject } from '../../../core/conformance/run.ts'
import { type SourceSubject, sourceChecks } from '../../../core/conformance/source-checks.ts'
import ingest from '../../../palettes/amqp/nodes/amqp-ingest/runtime.ts'
import publish from '../../../palettes/amqp/nodes/amqp-publish/runtime.ts'
import server from '../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { amqpUrl, Client, unique } from './rig.ts'

describe('conformance of the nodes of AMQP', function () {
  this.timeout(90_000)
  let nodeRed: RunningNodeRed
  let client: Client
  let url: string

  before(async () => {
    url = amqpUrl((await services('mqtt')).mqtt.url)
    client = await Client.open(url)
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, server, ingest, publish] })
  })
  after(async () => {
    await nodeRed?.stop()
    await client?.close()
  })

  const serverNode = () => ({ id: 'server', type: 'millrace-amqp-server', url })
  const source = (config: object): SourceSubject => ({
    type: 'millrace-amqp-ingest',
    async place() {
      const address = unique('conformance')
      return {
        config: { server: 'server', address, acknowledge: 'stored', ...config },
        around: [serverNode()],
        feed: bodies =>
          client.send(
            address,
            bodies.map(body => ({ body }))
          )
      }
    }
  })
  const address = unique('conformance')
  const found: string[] = []
  let isWatched = false
  const sink: Subject = {
    type: 'millrace-amqp-publish',
    config: { server: 'server', address },
    get around() {
      return [serverNode()]
    },
    outputs: ['stored', 'rejected'],
    idField: 'n',
    order: 'within a message',
    record: n => ({ n, device_id: `d${n % 7}`, value: n }),
    // Whatever can be written as JSON is a message.
    unfit: [null],
    async stored() {
      if (!isWatched) watch()
      // What the queue had is there before what is sent now.
      const end = unique('end')
      await client.send(address, [{ body: JSON.stringify({ n: end }) }])
      await until('all that the queue had', () => found.includes(end))
      return found.filter(n => !n.startsWith('end'))
    }
  }
  function watch(): void {
    isWatched = true
    client.listen(address, message => {
      const { content = message.body } = message.body as { content?: unknown }
      found.push(String((JSON.parse(String(content)) as { n: number }).n))
    })
  }

  const sources = {
    'amqp-ingest': source({}),
    'amqp-ingest, a record a message': source({ batchSize: 1, maxInFlight: 500 }),
    'amqp-ingest, in small batches': source({ batchSize: 7 })
  }
  for (const [name, subject] of Object.entries(sources)) {
    describe(name, () => {
      for (const check of sourceChecks) it(check.name, () => check.run(nodeRed, subject))
    })
  }
  describe('amqp-publish', () => {
    for (const check of checks) it(check.name, () => check.run(nodeRed, sink))
  })
})
