// Mostly waits.
import { checks } from '../../../core/conformance/checks.ts'
import { conformanceNodes } from '../../../core/conformance/nodes.ts'
import type { Subject } from '../../../core/conformance/run.ts'
import { type SourceSubject, sourceChecks } from '../../../core/conformance/source-checks.ts'
import access from '../../../palettes/aws/nodes/aws-access/runtime.ts'
import consumer from '../../../palettes/aws/nodes/kinesis-consumer/runtime.ts'
import producer from '../../../palettes/aws/nodes/kinesis-producer/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { accessNode, Client, numberIn, unique } from './rig.ts'
import { AwsServers } from './servers.ts'

describe('conformance of the nodes of AWS', function () {
  this.timeout(90_000)
  const servers = new AwsServers()
  let nodeRed: RunningNodeRed
  let client: Client
  let url: string
  let stream: string

  before(async () => {
    url = await servers.start()
    client = new Client(url)
    stream = await client.stream(2)
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, access, consumer, producer] })
  })
  after(async () => {
    await nodeRed?.stop()
    client?.close()
    await servers.end()
  })

  const source: SourceSubject = {
    type: 'millrace-kinesis-consumer',
    async place() {
      const name = await client.stream(2)
      const reads = { stream: name, application: unique('app'), acknowledge: 'stored' }
      return {
        config: { access: 'access', ...reads, checkpointS: 0.1, pollMs: 200, leaseS: 2 },
        around: [accessNode('access', url)],
        feed: (bodies, lane) =>
          client.put(
            name,
            bodies.map(body => ({ key: `lane-${lane}`, data: Buffer.from(body) }))
          )
      }
    }
  }
  const sink: Subject = {
    type: 'millrace-kinesis-producer',
    get config() {
      return { access: 'access', stream }
    },
    get around() {
      return [accessNode('access', url)]
    },
    outputs: ['stored', 'rejected'],
    idField: 'n',
    order: 'within a message',
    record: n => ({ n, device_id: `d${n}`, value: n }),
    unfit: [null, { n: -1 }],
    stored: async () => (await client.read(stream)).map(record => String(numberIn(record)))
  }

  describe('kinesis-consumer', () => {
    for (const check of sourceChecks) it(check.name, () => check.run(nodeRed, source))
  })
  describe('kinesis-producer', () => {
    for (const check of checks) it(check.name, () => check.run(nodeRed, sink))
  })
})
