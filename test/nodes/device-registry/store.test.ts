import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseTableName } from '../../../core/postgres/identifier.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { importInto } from '../../../nodes/device-registry/import-store.ts'
import { listed } from '../../../nodes/device-registry/list.ts'
import type { News } from '../../../nodes/device-registry/logic.ts'
import { tablesOf } from '../../../nodes/device-registry/schema.ts'
import { Silences } from '../../../nodes/device-registry/settings.ts'
import { RegistryStore } from '../../../nodes/device-registry/store.ts'
import { databaseLookup, statementFor } from '../../../nodes/enrich/database-lookup.ts'
import { projector } from '../../../nodes/enrich/metadata.ts'
import { databaseAt } from '../../core/postgres/table-under-test.ts'
import { services } from '../../services.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const heard = (id: string, s: number, more: object = {}): News => ({
  seen: { id, firstMs: T0 + s * 1000, lastMs: T0 + s * 1000, ...more }
})
const died = (id: string, s: number): News => ({
  seen: { id, firstMs: T0 + s * 1000, diedMs: T0 + s * 1000 }
})
const MINUTE = new Silences({ silence: '1 min', silences: [{ type: 'slow', after: '1 h' }] })
const at = (s: number) => T0 + s * 1000

describe('nodes/device-registry: the table', function () {
  this.timeout(60_000)
  let database: Database
  let name = ''
  let made = 0

  before(async function () {
    this.timeout(120_000)
    database = databaseAt((await services('postgres')).postgres.url)
  })
  beforeEach(() => {
    name = `devices_${process.pid}_${made++}`
  })
  after(async () => {
    await database?.close()
  })

  const store = () => new RegistryStore(database, tablesOf(parseTableName(name)!))
  async function ready(): Promise<RegistryStore> {
    const fresh = store()
    await fresh.prepare()
    return fresh
  }
  const query = async (text: string, values: unknown[] = []) =>
    (await database.query(text.replaceAll('$t', name), values)).rows
  const events = async () =>
    (
      await query(
        `SELECT device_id, event, round(extract(epoch FROM at) - ${T0 / 1000}) AS s FROM $t_events ORDER BY id`
      )
    ).map(({ device_id, event, s }) => `${device_id} ${event} ${s}`)

  it('keeps a table that is there, with its devices, who are approved', async () => {
    await query('CREATE TABLE $t (device_id text PRIMARY KEY, location text, model text)')
    await query("INSERT INTO $t VALUES ('a', 'hall 1', 'TH-10')")
    // Two Node-REDs start at once.
    await Promise.all([store().prepare(), store().prepare(), store().prepare()])
    const [row] = await query('SELECT location, model, status, presence FROM $t')
    assert.deepEqual(row, {
      location: 'hall 1',
      model: 'TH-10',
      status: 'approved',
      presence: 'unknown'
    })
    await query("INSERT INTO $t (device_id, location) VALUES ('my-sensor', 'kitchen')")
    assert.deepEqual(
      (await query('SELECT status FROM $t ORDER BY 1')).map(({ status }) => status),
      ['approved', 'approved']
    )
  })

  it('tells what happens, each once, whoever sees it and how often', async () => {
    const [one, other] = [await ready(), await ready()]
    const news = [heard('a', 1, { firmware: '1', firmwareMs: at(1) }), died('a', 20)]
    await Promise.all([one.apply(news), other.apply(news)])
    await one.apply([heard('a', 30, { firmware: '2', firmwareMs: at(30) })])
    await other.apply([...news, heard('a', 30, { firmware: '2', firmwareMs: at(30) })])
    assert.deepEqual(await events(), [
      'a new 1',
      'a offline 20',
      'a online 30',
      'a firmware changed 30'
    ])
    const [row] = await query('SELECT status, presence, firmware, first_seen, last_seen FROM $t')
    assert.deepEqual(row, {
      status: 'new',
      presence: 'online',
      firmware: '2',
      first_seen: new Date(at(1)),
      last_seen: new Date(at(30))
    })
  })

  it('is silent by event time and type, once for two readers, at the pace of the slower', async () => {
    const [one, other] = [await ready(), await ready()]
    await one.apply([heard('a', 0), heard('b', 50), heard('c', 0, { type: 'slow' })])
    const sweep = (by: RegistryStore, s: number) => by.sweep(at(s), MINUTE, id => ({ id }))
    await sweep(one, 59)
    await Promise.all([sweep(one, 61), sweep(other, 61)])
    assert.deepEqual((await events()).slice(3), ['a silent 60'])
    assert.equal(await one.beat('one', at(200), 60_000), at(200))
    assert.equal(await other.beat('other', at(61), 60_000), at(61))
    assert.equal(await one.beat('one', at(300), 60_000), at(61))
    await one.apply([heard('a', 70)])
    await sweep(other, 4000)
    assert.deepEqual((await events()).slice(4).sort(), [
      'a back 70',
      'a silent 130',
      'b silent 110',
      'c silent 3600'
    ])
  })

  it('a device of which this reader has heard later is not silent', async () => {
    const one = await ready()
    await one.apply([heard('a', 0), heard('b', 0)])
    const { devices } = await one.sweep(at(90), MINUTE, id =>
      id === 'a' ? { id, lastMs: at(80) } : undefined
    )
    assert.deepEqual((await events()).slice(2), [])
    assert.equal(devices.find(({ id }) => id === 'a')?.seen.lastMs, at(80))
  })

  it('commands and SQL change devices, and both are events and seen by others', async () => {
    const [one, other] = [await ready(), await ready()]
    await one.apply([heard('a', 0), heard('b', 0)])
    const since = await other.mark()
    await one.apply([
      { command: { command: 'approve', id: 'a', set: { name: 'Boiler' }, by: 'Ann' } },
      { command: { command: 'approve', id: 'later', set: {}, info: { rack: 3 } } }
    ])
    await query("UPDATE $t SET status = 'blocked' WHERE device_id = 'b'")
    assert.deepEqual(
      (await query('SELECT device_id, event, details FROM $t_events ORDER BY id OFFSET 2')).map(
        ({ device_id, event, details }) => [device_id, event, details.by ?? '', details.before]
      ),
      [
        ['a', 'approved', 'Ann', 'new'],
        ['a', 'changed', 'Ann', { name: null, type: null, site: null, location: null }],
        ['b', 'blocked', '', 'new']
      ]
    )
    const { devices } = await other.changes(since, undefined, 100)
    assert.deepEqual(devices.map(({ id, approval }) => `${id} ${approval}`).sort(), [
      'a approved',
      'b blocked',
      'later approved'
    ])
    // Traffic alone is no change that others have to read.
    const quiet = await query('SELECT millrace_changed FROM $t WHERE device_id = $1', ['a'])
    await one.apply([heard('a', 50)])
    assert.deepEqual(
      await query('SELECT millrace_changed FROM $t WHERE device_id = $1', ['a']),
      quiet
    )
  })

  it('hears of a change however late it is committed', async () => {
    const one = await ready()
    await one.apply([heard('a', 0)])
    const marks: string[] = []
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query(`UPDATE ${name} SET status = 'blocked'`)
      marks.push(await one.mark())
      await one.apply([heard('b', 0)])
      marks.push(await one.mark())
      await session.query('COMMIT')
    })
    const { devices } = await one.changes(marks[1]!, undefined, 100)
    assert.ok(devices.some(({ id, approval }) => id === 'a' && approval === 'blocked'))
  })

  it('who may change a device may do so with no right on what stands beside it', async () => {
    const one = await ready()
    await one.apply([heard('a', 0)])
    const role = `${name}_clerk`
    await query(`CREATE ROLE ${role}; GRANT SELECT, UPDATE ON ${name} TO ${role}`)
    try {
      await database.with(async session => {
        await session.query(`BEGIN; SET LOCAL ROLE ${role}; SET LOCAL search_path = pg_catalog`)
        await session.query(`UPDATE public.${name} SET status = 'approved'`)
        await session.query('COMMIT')
      })
    } finally {
      await query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
    assert.equal((await events()).at(-1)?.startsWith('a approved'), true)
  })

  it('enrich reads it, and copies nothing that is of no use to others', async () => {
    const one = await ready()
    await one.apply([heard('a', 0, { type: 'TH-10' })])
    const lookup = databaseLookup(
      database,
      statementFor(name, 'device_id', []),
      'device_id',
      projector([], 'device_id')
    )
    const found = (await lookup.ask(['a'])).get('a') as [string, unknown][]
    assert.deepEqual(
      found.map(([to]) => to),
      ['name', 'type', 'site', 'location', 'firmware', 'keys', 'status', 'presence'].concat(
        'first_seen',
        'last_seen',
        'info'
      )
    )
  })

  it('leaves a table alone that cannot hold devices, and says why', async () => {
    const cases: [string, RegExp][] = [
      ['TABLE $t (device_id integer PRIMARY KEY)', /device_id of .* is of the type integer/],
      ['TABLE $t (device_id text)', /unique index on device_id/],
      ['TABLE $t (id text PRIMARY KEY)', /no column device_id/],
      ['TABLE $t (device_id text PRIMARY KEY, status boolean)', /status .* boolean/],
      ["VIEW $t AS SELECT 'a' AS device_id", /no table/]
    ]
    for (const [made, says] of cases) {
      await query(`CREATE ${made}`)
      const columns = () =>
        query('SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1)', [name])
      const before = await columns()
      await assert.rejects(store().prepare(), says)
      assert.deepEqual(await columns(), before)
      await query(`DROP ${made.split(' ')[0]} $t`)
    }
  })

  it('is the same table in whatever order, how often and by whom it was seen', async () => {
    const any = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      s: fc.nat(40),
      kind: fc.constantFrom('heard', 'died', '1', '2')
    })
    const newsOf = ({ id, s, kind }: { id: string; s: number; kind: string }): News =>
      kind === 'died'
        ? died(id, s)
        : heard(id, s, kind === 'heard' ? {} : { firmware: kind, firmwareMs: at(s) })
    const content = () =>
      query('SELECT device_id, presence, firmware, first_seen, last_seen FROM $t ORDER BY 1')
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(any, { minLength: 1, maxLength: 12 })
          .chain(all =>
            fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))
          ),
        async ([all, shuffled]) => {
          const [one, other] = [await ready(), await ready()]
          await query('TRUNCATE $t')
          for (const each of all) await one.apply([newsOf(each)])
          const expected = await content()
          await query('TRUNCATE $t')
          const half = shuffled.length >> 1
          await Promise.all([
            one.apply(shuffled.slice(0, half + 1).map(newsOf)),
            other.apply(shuffled.slice(half).map(newsOf))
          ])
          assert.deepEqual(await content(), expected)
        }
      ),
      { numRuns: 10 }
    )
  })

  it('imports what a list says over what is there, and blocks nobody free', async () => {
    const one = await ready()
    await one.apply([heard('a', 0), heard('b', 0)])
    await query("UPDATE $t SET status = 'blocked', info = '{\"x\": 1}' WHERE device_id = 'b'")
    const rows = [
      { id: 'a', name: 'A' },
      { id: 'b', site: 's1', info: { y: 2 } },
      { id: 'c', status: 'blocked' as const, keys: { thumbprint: 'ab' } }
    ]
    assert.deepEqual(await importInto(one, rows), { added: 1, changed: 2 })
    assert.deepEqual(
      await query('SELECT device_id, name, site, status, info, keys FROM $t ORDER BY 1'),
      [
        { device_id: 'a', name: 'A', site: null, status: 'approved', info: {}, keys: null },
        {
          device_id: 'b',
          name: null,
          site: 's1',
          status: 'blocked',
          info: { x: 1, y: 2 },
          keys: null
        },
        {
          device_id: 'c',
          name: null,
          site: null,
          status: 'blocked',
          info: {},
          keys: { thumbprint: 'ab' }
        }
      ]
    )
    const page = await listed(one, { search: 's1', only: '', page: 0 })
    assert.deepEqual([page.total, page.rows[0]?.id], [1, 'b'])
    assert.equal((await listed(one, { search: '%', only: '', page: 0 })).total, 0)
    assert.equal((await listed(one, { search: '', only: 'blocked', page: 0 })).total, 2)
  })
})
