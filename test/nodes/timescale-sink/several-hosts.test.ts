/** Two real servers, of which the first dies or takes no writes any more, while the sink writes. */
// Mostly waits.
import assert from 'node:assert/strict'
import type { Node } from 'node-red'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { reading } from '../../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { OwnPostgres, standbyOf, urlOf } from '../../servers/postgres.ts'
import { until } from '../../until.ts'

interface Shown {
  readonly fill: string
  readonly text: string
}

describe('a sink with several hosts', function () {
  this.timeout(90_000)
  let nodeRed: RunningNodeRed
  let feeding: NodeJS.Timeout | undefined
  let sent = 0
  let done = 0
  const first = new OwnPostgres('first')
  const second = standbyOf(first)
  const third = new OwnPostgres('third')
  const shown: Shown[] = []
  const table = 'failed_over'

  before(async function () {
    this.timeout(120_000)
    await first.start()
    await third.start()
    await second.start()
    // What is committed is on both.
    await first.run("ALTER SYSTEM SET synchronous_standby_names = '*'", 'SELECT pg_reload_conf()')
    nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
    const events = nodeRed.RED.events as NodeJS.EventEmitter
    events.on(
      'node-status',
      ({ id, status }: { id: string; status: Shown }) => id === 'sink' && shown.push({ ...status })
    )
    nodeRed.RED.hooks.add('onComplete.hosts', (event: unknown) => {
      const { node, error } = event as { node: { id: string }; error?: unknown }
      if (node.id === 'sink' && !error) done++
    })
  })
  after(async () => {
    clearInterval(feeding)
    nodeRed?.RED.hooks.remove('*.hosts')
    await nodeRed?.stop()
    await Promise.all([first.end(), second.end(), third.end()])
  })

  async function flowing(places: string): Promise<void> {
    clearInterval(feeding)
    sent = done = shown.length = nodeRed.logs.length = 0
    await nodeRed.deploy([])
    await nodeRed.deploy([
      { id: 'database', type: 'millrace-timescale-database', url: urlOf(places) },
      { id: 'tab', type: 'tab' },
      {
        id: 'sink',
        type: 'millrace-timescale-sink',
        z: 'tab',
        database: 'database',
        table,
        wires: [[], []]
      }
    ])
    const node = nodeRed.node<Node>('sink')
    feeding = setInterval(() => {
      const from = 50 * sent++
      node.receive({ payload: Array.from({ length: 50 }, (_, n) => reading(from + n)) })
    }, 20)
    await until('the first records', () => done > 10, 30_000)
  }
  async function allDone(): Promise<void> {
    clearInterval(feeding)
    await until('all records', () => done === sent, 30_000)
  }
  const keysOf = async (server: OwnPostgres): Promise<string[]> =>
    (await server.run(`SELECT (device_id, time)::text AS key FROM ${table}`)).map(row =>
      String(row.key)
    )

  it('writes to the one that can be written, wherever it stands in the list', async () => {
    await flowing(`${second.address},${first.address}`)
    await allDone()
    assert.equal((await keysOf(first)).length, 50 * sent)
    assert.equal(
      shown.some(({ fill }) => fill === 'red'),
      false
    )
  })

  it('goes on with the standby when that is promoted after the first has died', async () => {
    await first.run(`TRUNCATE ${table}`)
    await flowing(`${first.address},${second.address}`)
    await first.kill()
    await until('the outage', () => shown.some(({ fill }) => fill === 'yellow'), 20_000)
    assert.ok(nodeRed.logs.length > 0)
    const before = done
    await second.run('SELECT pg_promote()')
    await until('records on the second', () => done > before + 10, 30_000)
    await allDone()
    const keys = await keysOf(second)
    assert.equal(keys.length, 50 * sent)
    assert.equal(new Set(keys).size, keys.length)
    await until('health', () => shown.at(-1)?.fill === 'green')
  })

  it('goes on with the next one when the first becomes read-only', async () => {
    await second.run(`TRUNCATE ${table}`)
    await flowing(`${second.address},${third.address}`)
    await second.run(
      'ALTER SYSTEM SET default_transaction_read_only = on',
      'SELECT pg_reload_conf()'
    )
    const before = done
    await until('records on the third', () => done > before + 30, 30_000)
    await allDone()
    const keys = new Set([...(await keysOf(second)), ...(await keysOf(third))])
    assert.equal(keys.size, 50 * sent)
    assert.ok((await keysOf(third)).length > 0)
  })
})
