import assert from 'node:assert/strict'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { HeldReader } from '../../../../palettes/aws/nodes/kinesis-consumer/held-lease.ts'
import { LeaseTable } from '../../../../palettes/aws/nodes/kinesis-consumer/lease-table.ts'
import { Leases } from '../../../../palettes/aws/nodes/kinesis-consumer/leases.ts'
import { until } from '../../../until.ts'
import { type Asked, AwsProxy, errorOf } from '../aws-proxy.ts'
import { KEYS, REGION, unique } from '../rig.ts'
import { AwsServers } from '../servers.ts'

const SHARDS = ['shard-0', 'shard-1']

describe('the leases of a reader', function () {
  this.timeout(60_000)
  const servers = new AwsServers()
  const other = new AwsProxy()
  const ends: (() => Promise<void>)[] = []
  before(async () => {
    await servers.start()
    await other.open(servers.proxy.ports)
  })
  after(async () => {
    await Promise.all(ends.map(end => end()))
    await other.refuse()
    await servers.end()
  })
  afterEach(() => {
    servers.proxy.fault = undefined
    other.fault = undefined
  })
  const names = (leaseMs: number) => ({ leaseMs, application: unique('app'), me: unique('reader') })

  /** A reader whose requests go by this proxy, and what it lost. */
  function readerOf(proxy: AwsProxy, { leaseMs, application, me }: ReturnType<typeof names>) {
    const tables = new DynamoDB({ endpoint: proxy.url, region: REGION, credentials: { ...KEYS } })
    const end = new AbortController()
    const dropped: string[] = []
    const leases: Leases = new Leases({
      me,
      leaseMs,
      checkpointMs: 100,
      table: new LeaseTable(tables, {
        name: application,
        signal: end.signal,
        changeMs: leaseMs / 3
      }),
      start: async () => ({ stream: 'some', createdMs: 1, checkpoint: '1' }),
      shards: async () => SHARDS.map(shard => ({ shard, parents: [] })),
      open: ({ shard }): HeldReader => ({
        checkpoint: '1',
        isSettled: true,
        stop: () => undefined,
        drop: () => void dropped.push(shard),
        gone: () => undefined
      }),
      up: () => undefined,
      down: () => undefined,
      changed: () => undefined
    })
    ends.push(async () => {
      await leases.close()
      end.abort()
      tables.destroy()
    })
    leases.start()
    return { leases, dropped, isFresh: () => SHARDS.every(shard => leases.isFresh(shard)) }
  }
  const isRenewal = ({ action, body }: Asked) =>
    action === 'UpdateItem' && /checkpoint/.test(String(body.UpdateExpression))

  it('stay fresh when a request for one of them, and one for all, have no answer', async () => {
    const { leases, isFresh, dropped } = readerOf(servers.proxy, names(3_000))
    await until('both shards', () => leases.held === SHARDS.length && isFresh())
    const hung = new Set<string>()
    let renewals = 0
    servers.proxy.fault = asked => {
      const what = isRenewal(asked) ? 'renewal' : asked.action
      if (['renewal', 'Scan'].includes(what) && !hung.has(what)) {
        hung.add(what)
        return new Promise(() => undefined)
      }
      if (what === 'renewal') renewals++
      return undefined
    }
    let wasStale = false
    await until('renewals after that', () => {
      wasStale ||= !isFresh()
      return renewals >= 3 && hung.size === 2
    })
    assert.deepEqual([wasStale, dropped], [false, []])
  })

  it('are not taken by who sees the table first after an outage of all', async () => {
    const named = names(2_000)
    const one = readerOf(servers.proxy, named)
    await until('both shards', () => one.leases.held === SHARDS.length)
    const late = readerOf(other, { ...named, me: unique('late') })
    await until('one shard each', () => one.leases.held === 1 && late.leases.held === 1)
    const away = () => errorOf('InternalServerError', '', 500)
    const look = async (many: number) => {
      const before = other.asked.get('Scan')!
      await until('a look', () => other.asked.get('Scan')! >= before + many)
    }
    servers.proxy.fault = away
    // Another one is asked for when the first has its answer: the counter is seen as it stays.
    await look(2)
    other.fault = away
    await until('leases to end', () => !SHARDS.some(shard => one.leases.isFresh(shard)))
    await until('all to end', () => !SHARDS.some(shard => late.leases.isFresh(shard)))
    other.fault = undefined
    await look(1)
    await until('its own', () => SHARDS.some(shard => late.leases.isFresh(shard)))
    servers.proxy.fault = undefined
    await until('the other', () => SHARDS.some(shard => one.leases.isFresh(shard)))
    assert.deepEqual([one.leases.held, late.leases.held], [1, 1])
    assert.deepEqual([one.dropped.length, late.dropped], [1, []])
  })
})
