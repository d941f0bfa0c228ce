// Mostly waits.
import assert from 'node:assert/strict'
import { companion } from '../../../build/palettes.ts'
import { build } from '../../../build.ts'
import type { FlowEntry } from '../../node-red.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { until } from '../../until.ts'
import { accessNode, Client, numberIn, unique, upTo } from './rig.ts'
import { AwsServers } from './servers.ts'

const RECORDS = 600

describe('Kinesis, when Node-RED is killed', function () {
  this.timeout(120_000)
  const servers = new AwsServers()
  const running: NodeRedProcess[] = []
  let client: Client
  after(async () => {
    await Promise.all(running.map(nodeRed => nodeRed.remove()))
    client?.close()
    await servers.end()
  })

  /** From one stream to another. */
  function flowOf(endpoint: string, from: string, to: string, application: string): FlowEntry[] {
    const place = { z: 'tab', x: 100, y: 100, access: 'access' }
    return [
      { id: 'tab', type: 'tab' },
      { ...accessNode('access', endpoint), login: 'chain' },
      {
        id: 'consumer',
        type: 'millrace-kinesis-consumer',
        stream: from,
        application,
        acknowledge: 'stored',
        batchSize: 50,
        maxInFlight: 200,
        leaseS: 2,
        checkpointS: 0.2,
        pollMs: 200,
        ...place,
        wires: [['producer'], []]
      },
      {
        id: 'producer',
        type: 'millrace-kinesis-producer',
        stream: to,
        key: '{n}',
        ...place,
        wires: [[], []]
      }
    ]
  }

  it('kill -9 of one of two in the middle: the other takes its shards over, and nothing is lost', async () => {
    const endpoint = await servers.start()
    client = new Client(endpoint)
    await build()
    await build({ root: (await companion('aws')).folder })
    const [first, second] = [await client.stream(4), await client.stream(1)]
    const flow = flowOf(endpoint, first, second, unique('app'))
    // The first place where the chain of a machine looks.
    const environment = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret' }
    for (const _each of upTo(2)) running.push(new NodeRedProcess({ flow, environment }))
    await Promise.all(running.map(nodeRed => nodeRed.start()))
    const [one, other] = running as [NodeRedProcess, NodeRedProcess]
    const status = async (of: NodeRedProcess) =>
      (await of.metrics()).nodes.find(({ id }) => id === 'consumer')?.status?.text ?? ''
    for (const each of running)
      await until('an even share', async () => /2 of 4 shards/.test(await status(each)), 30_000)
    const data = upTo(RECORDS).map(n => ({ key: `k${n % 40}`, data: { n } }))
    const sent = client.put(first, data)
    const found = async () => new Set((await client.read(second)).map(numberIn))
    await until('some', async () => (await found()).size > RECORDS / 10, 60_000)
    await one.end('SIGKILL')
    await sent
    await until('all', async () => (await found()).size === RECORDS, 60_000)
    await until('all shards', async () => /4 shards/.test(await status(other)), 30_000)
    const counts = async () =>
      (await other.metrics()).nodes.find(({ id }) => id === 'consumer')!.counts
    await until('settlement', async () => (await counts()).inFlight === 0)
    assert.equal((await counts()).rejected, 0)
  })
})
