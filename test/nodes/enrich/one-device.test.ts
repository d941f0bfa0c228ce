// Mostly waits.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Node } from 'node-red'
import { Database } from '../../../core/postgres/pool.ts'
import { fromUrl } from '../../../core/postgres/settings.ts'
import { isRejection } from '../../../core/record/record.ts'
import { KeyRefusal, type Lookup } from '../../../nodes/enrich/answer.ts'
import { CachedDirectory } from '../../../nodes/enrich/cached-directory.ts'
import { databaseLookup } from '../../../nodes/enrich/database-lookup.ts'
import { projector } from '../../../nodes/enrich/metadata.ts'
import enrich from '../../../nodes/enrich/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const status = (code: number, headers = {}): Answer => {
  return (_request, response) => response.writeHead(code, headers).end('<html>')
}
const body = (text: string): Answer => {
  return (_request, response) => response.end(text)
}

describe('nodes/enrich where a registry fails for one device', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let server: Server
  let url: string
  /** What becomes of a device; the others are known. */
  const answers = new Map<string, Answer>()
  let everybody: Answer | undefined
  const asked: string[] = []

  before(async () => {
    server = createServer((request, response) => {
      const device = decodeURIComponent(request.url!.slice(1))
      asked.push(device)
      const known = body(JSON.stringify({ location: `at ${device}` }))
      const answer = everybody ?? answers.get(device) ?? known
      answer(request, response)
    }).listen(0, '127.0.0.1')
    await until('the registry', () => server.listening)
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{key}`
    nodeRed = await startNodeRed({ nodes: [enrich, registerCollect] })
  })
  after(async () => {
    await nodeRed?.stop()
    server.close()
    server.closeAllConnections()
  })

  const deploy = async (options: object = {}) => {
    answers.clear()
    everybody = undefined
    await nodeRed.deploy([
      { id: 'tab', type: 'tab', label: 'test' },
      {
        id: 'enrich',
        type: 'millrace-enrich',
        z: 'tab',
        source: 'http',
        url,
        timeoutMs: 300,
        ...options,
        wires: [['enriched'], ['rejected']]
      },
      { id: 'enriched', type: 'collect', z: 'tab', wires: [] },
      { id: 'rejected', type: 'collect', z: 'tab', wires: [] }
    ])
    for (const id of ['enriched', 'rejected']) collectorOf(id).got.length = 0
    asked.length = 0
    nodeRed.logs.length = 0
  }
  const send = (...devices: string[]) => {
    for (const device_id of devices)
      nodeRed.node<Node>('enrich').receive({ payload: { device_id } } as never)
  }
  const idsOf = (id: string) =>
    collectorOf(id).records.map(record => (record as { device_id: string }).device_id)
  const rejections = () => collectorOf('rejected').records.filter(isRejection)

  const failures: [name: string, answer: Answer, why: RegExp][] = [
    ...[400, 403, 405, 414, 418, 422, 431].map((code): [string, Answer, RegExp] => [
      `${code}`,
      status(code),
      RegExp(`answered ${code}`)
    ]),
    ...[500, 502, 503, 504].map((code): [string, Answer, RegExp] => [
      `${code}`,
      status(code),
      RegExp(`answered ${code}`)
    ]),
    ['what is not JSON', body('<html>'), /something else than a JSON object/],
    ['nothing', status(204), /something else than a JSON object/],
    ['more than a megabyte', body(`{"a":"${'x'.repeat(1_100_000)}"}`), /more than 1000000 bytes/],
    ['a redirect to itself', status(302, { location: '/bad' }), /redirect/],
    ['a redirect to nowhere', status(302), /answered 302/],
    ['no answer', () => {}, /did not answer within 300 ms/],
    ['a broken connection', (_request, response) => response.socket?.destroy(), /.+/],
    [
      'half an answer',
      (_request, response) =>
        response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
      /.+/
    ]
  ]
  for (const [name, answer, why] of failures) {
    it(`${name} for one device rejects its records, and nobody waits`, async () => {
      await deploy()
      answers.set('bad', answer)
      send('bad', 'a', 'b', 'bad', 'a')
      await until(
        'the records',
        () => idsOf('enriched').length === 3 && rejections().length === 2,
        15_000
      )
      assert.deepEqual(idsOf('enriched'), ['a', 'b', 'a'])
      for (const { reason } of rejections()) {
        assert.deepEqual([reason.code, reason.path], ['LOOKUP_REFUSED', 'device_id'])
        assert.match(reason.message, why)
      }
      const limit = name === 'a redirect to itself' ? 3 * 21 : 3
      assert.ok(
        asked.filter(device => device === 'bad').length <= limit,
        'asked for once, and not for each record'
      )
    })
  }

  it('a device that alone is there is rejected where the server answers at all', async () => {
    await deploy()
    answers.set('bad', status(500))
    send('bad')
    await until('the rejection', () => rejections().length === 1, 15_000)
  })

  it('default values take the place of what the registry does not give', async () => {
    await deploy({ unknown: 'default', defaults: [{ field: 'location', value: 'unknown' }] })
    answers.set('bad', status(400))
    send('bad', 'a')
    await until('the records', () => idsOf('enriched').length === 2)
    assert.deepEqual(collectorOf('enriched').records[0], { device_id: 'bad', location: 'unknown' })
  })

  it('one device in a batch does not poison the others', async () => {
    await deploy()
    answers.set('bad', status(500))
    const payload = ['a', 'bad', 'b', 'x'.repeat(3000)].map(device_id => ({ device_id }))
    nodeRed.node<Node>('enrich').receive({ payload } as never)
    await until(
      'the records',
      () => idsOf('enriched').length === 2 && rejections().length === 2,
      15_000
    )
    assert.deepEqual(idsOf('enriched'), ['a', 'b'])
    assert.ok(
      !asked.some(device => device.length > 2000),
      'what is no name of a device is not asked for'
    )
  })

  const outages: [name: string, answer: Answer][] = [
    ...[401, 408, 429, 500, 503].map((code): [string, Answer] => [`${code}`, status(code)]),
    ['a page to log in', body('<html>')],
    ['no answer', () => {}]
  ]
  for (const [name, answer] of outages) {
    it(`${name} for everybody holds the records until it is over, and rejects none`, async () => {
      await deploy()
      everybody = answer
      send('a', 'b')
      await until('several tries', () => asked.filter(device => device === 'a').length >= 4, 20_000)
      assert.deepEqual([idsOf('enriched'), rejections()], [[], []])
      everybody = undefined
      await until('the records', () => idsOf('enriched').length === 2, 20_000)
      assert.deepEqual(rejections(), [])
    })
  }

  it('a right that is taken away from everybody is no fault of a device', async () => {
    await deploy()
    send('a')
    await until('the record', () => idsOf('enriched').length === 1)
    everybody = status(403)
    send('b')
    await until('several tries', () => asked.filter(device => device === 'b').length >= 3, 20_000)
    assert.deepEqual(rejections(), [])
    everybody = undefined
    await until('the record', () => idsOf('enriched').length === 2, 20_000)
  })

  it('asks again after a while for what failed, in the background', async () => {
    await deploy({ unknownTtlS: 1 })
    answers.set('bad', status(400))
    send('bad')
    await until('the rejection', () => rejections().length === 1)
    answers.delete('bad')
    await until('the device', () => {
      send('bad')
      return idsOf('enriched').length > 0
    })
    assert.equal(asked.filter(device => device === 'bad').length, 2)
  })

  it('says once what is wrong with a device', async () => {
    await deploy()
    answers.set('bad', status(400))
    send('bad', 'bad', 'a')
    await until('the record', () => idsOf('enriched').length === 1)
    const lines = nodeRed.logs.filter(({ id }) => id === 'enrich').map(({ msg }) => msg)
    assert.deepEqual(lines, [
      'The source of metadata fails for a device while it answers for others: "bad": the server answered 400 Bad Request'
    ])
  })
})

describe('nodes/enrich where a statement fails for one device', function () {
  this.timeout(120_000)
  let database: Database
  before(async () => {
    const { postgres } = await services('postgres')
    const more = {
      maxConnections: 2,
      statementTimeoutMs: 2000,
      connectTimeoutMs: 10_000,
      applicationName: 'enrich test'
    }
    database = new Database({ ...fromUrl(postgres.url), ...more })
    database.acquire()
    await database.query(`DROP SCHEMA IF EXISTS one_device CASCADE; CREATE SCHEMA one_device;
      CREATE TABLE one_device.devices (id text PRIMARY KEY, divisor int);
      INSERT INTO one_device.devices SELECT 'd' || n, 1 FROM generate_series(1, 2000) n;
      INSERT INTO one_device.devices VALUES ('bad', 0), ('worse', 0), ('slow', -1);
      CREATE TABLE one_device.twins (id text); INSERT INTO one_device.twins VALUES ('worse'), ('worse');
      CREATE FUNCTION one_device.place(id text, divisor int) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
          IF divisor = 0 AND id = 'bad' THEN RAISE EXCEPTION 'no place for %', id; END IF;
          IF divisor < 0 THEN PERFORM pg_sleep(60); END IF;
          RETURN 'hall ' || id;
        END $$;
      CREATE VIEW one_device.places AS SELECT id, one_device.place(id, divisor) AS location FROM one_device.devices;
      CREATE VIEW one_device.halves AS SELECT id, 10 / divisor AS location FROM one_device.devices;
      CREATE VIEW one_device.broken AS SELECT id, 10 / (divisor - divisor) AS location FROM one_device.devices;
      CREATE VIEW one_device.single AS
        SELECT id, (SELECT t.id FROM one_device.twins t WHERE t.id = d.id) AS location FROM one_device.devices d`)
  })
  after(async () => {
    await database?.query('DROP SCHEMA one_device CASCADE')
    await database?.release()
  })

  const lookupIn = (view: string): Lookup =>
    databaseLookup(
      database,
      `SELECT id, location FROM one_device.${view} WHERE id = ANY($1)`,
      'id',
      projector([], 'id')
    )
  const directoryOf = (lookup: Lookup) =>
    new CachedDirectory(lookup, {
      ttlMs: 60_000,
      unknownTtlMs: 1000,
      maxEntries: 5000,
      onRefresh: () => {}
    })
  const find = (lookup: Lookup, keys: readonly string[]) =>
    directoryOf(lookup).finder(keys, Date.now)()

  const DEVICES = Array.from({ length: 100 }, (_, index) => `d${index + 1}`)
  const failures: [view: string, device: string, why: RegExp][] = [
    ['places', 'bad', /^no place for bad$/],
    ['halves', 'bad', /division by zero/],
    ['single', 'worse', /more than one row/],
    ['places', 'slow', /statement timeout/]
  ]
  for (const [view, device, why] of failures) {
    it(`finds the others beside ${device} in ${view}`, async () => {
      const found = await find(lookupIn(view), [...(device === 'slow' ? ['d1'] : DEVICES), device])
      const refusal = found.get(device)
      assert.ok(refusal instanceof KeyRefusal, String(refusal))
      assert.match(refusal.why, why)
      assert.ok([...found].every(([key, known]) => key === device || Array.isArray(known)))
    })
  }

  it('blames the device also where nobody else is asked for', async () => {
    assert.ok((await find(lookupIn('places'), ['bad'])).get('bad') instanceof KeyRefusal)
  })

  it('blames no device where those fail that were answered before', async () => {
    let view = 'places'
    const lookup: Lookup = {
      ask: keys => lookupIn(view).ask(keys),
      answers: () => lookupIn(view).answers()
    }
    const directory = directoryOf(lookup)
    await directory.finder(['d1', 'd2'], Date.now)()
    view = 'broken'
    await assert.rejects(directory.finder(['d3'], Date.now)(), /division by zero/)
    await assert.rejects(directory.finder(DEVICES, Date.now)(), /division by zero/)
    view = 'places'
    assert.ok(Array.isArray((await directory.finder(['d3'], Date.now)()).get('d3')))
  })

  it('blames no device for a statement that is wrong, and asks it twice only', async () => {
    let statements = 0
    const counted = {
      query: (...given: Parameters<Database['query']>) => {
        statements++
        return database.query(...given)
      }
    }
    const lookup = databaseLookup(
      counted,
      'SELECT id FROM one_device.nowhere WHERE id = ANY($1)',
      'id',
      projector([], 'id')
    )
    await assert.rejects(find(lookup, DEVICES), { code: '42P01' })
    assert.equal(statements, 2)
  })
})
