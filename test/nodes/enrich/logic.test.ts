import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { Failure, type Lookup } from '../../../nodes/enrich/answer.ts'
import { CachedDirectory } from '../../../nodes/enrich/cached-directory.ts'
import type { Directory } from '../../../nodes/enrich/directory.ts'
import { type DirectoryNeeds, directoryOf } from '../../../nodes/enrich/directory-of.ts'
import { enricher, type Find } from '../../../nodes/enrich/logic.ts'
import type { Metadata } from '../../../nodes/enrich/metadata.ts'
import { spec } from '../../../nodes/enrich/spec.ts'
import { until } from '../../until.ts'
import { isMerged, itRunsItsExamples } from '../spec-examples.ts'

const surroundings: DirectoryNeeds = {
  database: () => ({ query: () => assert.fail('no lookup expected') }),
  cluster: () => assert.fail('no cluster expected'),
  say: { warn: assert.fail, log: assert.fail },
  closing: new AbortController().signal,
  onProblem: problem => assert.equal(problem, undefined)
}
const noFind: Find = () => assert.fail('no lookup expected')
const optionsOf = (options: Record<string, unknown>) => parseOptions(spec, options)
const start = (options: Record<string, unknown> = {}) =>
  enricher(optionsOf(options), directoryOf(optionsOf(options), surroundings), noFind, () => 0)

describe('nodes/enrich', () => {
  itRunsItsExamples(spec, options =>
    enricher(options, directoryOf(options, surroundings), noFind, () => 0)
  )

  const TABLE = 'device_id,location,value\nd1,hall,9\n'
  const outcomes: [
    name: string,
    record: unknown,
    options: Record<string, unknown>,
    expected: unknown
  ][] = [
    [
      'a listed field replaces the record’s',
      { device_id: 'd1', location: 'lies' },
      {},
      { device_id: 'd1', location: 'hall' }
    ],
    [
      'all fields replace none',
      { device_id: 'd1', value: 1 },
      { copy: [] },
      { device_id: 'd1', value: 1, location: 'hall' }
    ],
    ['an unknown device', { device_id: 'd2' }, {}, 'UNKNOWN_DEVICE'],
    ['no device', { value: 1 }, {}, 'UNKNOWN_DEVICE'],
    ['a device that is an object', { device_id: {} }, {}, 'UNKNOWN_DEVICE'],
    ['a device named __proto__', { device_id: '__proto__' }, {}, 'UNKNOWN_DEVICE'],
    [
      'an unknown device that passes',
      { device_id: 'd2' },
      { unknown: 'pass' },
      { device_id: 'd2' }
    ],
    ['no device that passes', { value: 1 }, { unknown: 'pass' }, { value: 1 }],
    [
      'defaults',
      { device_id: 'd2' },
      { unknown: 'default', defaults: [{ field: 'floor', value: '-1' }] },
      { device_id: 'd2', floor: -1 }
    ],
    ['defaults replace none', { location: 'x' }, { unknown: 'default' }, { location: 'x' }],
    ['text', 'on', { unknown: 'pass' }, 'NOT_A_RECORD'],
    ['a __proto__ key', JSON.parse('{"device_id":"d1","__proto__":{}}'), {}, 'KEY_FORBIDDEN'],
    [
      'a device inside',
      { meta: { id: 'd1' } },
      { key: 'meta.id' },
      { meta: { id: 'd1' }, location: 'hall' }
    ],
    [
      'a column that is not there',
      { device_id: 'd1' },
      { copy: [{ from: 'owner', to: '' }] },
      { device_id: 'd1' }
    ]
  ]
  for (const [name, record, options, expected] of outcomes) {
    it(name, async () => {
      const [[enriched], [rejection]] = await start({ devices: TABLE, ...options })({
        payload: record
      })
      assert.deepEqual(rejection?.reason.code ?? enriched, expected)
    })
  }

  it('gives each record an object of its own', async () => {
    const devices = '{"d1":{"site":{"name":"north"}}}'
    const [enriched] = await start({ devices, copy: [{ from: 'site', to: '' }] })({
      payload: [{ device_id: 'd1' }, { device_id: 'd1' }]
    })
    const [first, second] = enriched as { site: { name: string } }[]
    first!.site.name = 'changed'
    assert.equal(second!.site.name, 'north')
  })

  const broken: [options: Record<string, unknown>, problem: RegExp][] = [
    [{ devices: 'a,b\n1,2' }, /Table: the header line has no column "device_id"; it has a, b/],
    [{ devices: '[{"a":1}]' }, /Table: entry 1 has no device_id/],
    [{ devices: '{"a":1}' }, /Table: "a" is not an object/],
    [{ devices: '[' }, /Table: it is not JSON/],
    [{ devices: 'device_id,a\n"1,2' }, /Table: it is not CSV/],
    [{ devices: 'device_id,a\nx,1\nx,2' }, /Table: line 3: device_id "x" is there twice/],
    [{ key: 'a.' }, /Device is in field: "a\." is not the path/],
    [
      { copy: [{ from: 'location', to: '__proto__' }] },
      /Columns to copy: row 1, Field: "__proto__"/
    ],
    [
      { unknown: 'default', defaults: [{ field: '__proto__', value: '' }] },
      /Default values: row 1, Field: "__proto__"/
    ],
    [{ source: 'file', file: 'devices.csv' }, /File: must be a full path/],
    [{ source: 'http', url: 'ftp://x/{key}' }, /URL: must begin with http/],
    [{ source: 'http', url: 'http://x/' }, /URL: must have \{key\}/],
    [
      { source: 'http', url: 'http://{key}/' },
      /URL: must not have \{key\} in the name of the server/
    ],
    [{ source: 'http', url: 'x {key}' }, /URL: "x key" is no URL/],
    [
      { source: 'database', database: 'x', table: 'a b' },
      /Table: "a b" is not the name of a table/
    ],
    [
      { source: 'database', database: 'x', lookup: 'query', query: 'SELECT 1' },
      /Query: must have \$1/
    ]
  ]
  for (const [options, problem] of broken) {
    it(`refuses ${JSON.stringify(options)} at deploy`, () =>
      assert.throws(() => start(options), { code: 'OPTIONS_INVALID', message: problem }))
  }

  describe('lookups', () => {
    const metadata: Metadata = [['location', 'hall']]
    /** A source that knows every device beginning with d, and notes what it was asked. */
    function source() {
      const asked: string[][] = []
      const state = { away: false, asked }
      const lookup: Lookup = {
        ask: async keys => {
          asked.push([...keys])
          if (state.away) return new Map([[keys[0]!, new Failure('source', new Error('away'))]])
          return new Map(keys.map(key => [key, key.startsWith('d') ? metadata : null]))
        },
        answers: async () => !state.away
      }
      return { state, lookup }
    }
    const cache = (lookup: Lookup, more: object = {}) =>
      new CachedDirectory(lookup, {
        ttlMs: 1000,
        unknownTtlMs: 100,
        maxEntries: 10,
        onRefresh: () => {},
        ...more
      })
    const through = (directory: Directory, clock: { ms: number }) =>
      enricher(
        optionsOf({}),
        directory,
        keys => directory.finder(keys, () => clock.ms)(),
        () => clock.ms
      )

    it('asks once for all unknown devices of a batch, and then answers at once', async () => {
      const { state, lookup } = source()
      const enrich = through(cache(lookup), { ms: 0 })
      const payload = () => ['d1', 'x', 'd2', 'd1', 'x'].map(device_id => ({ device_id }))
      const first = enrich({ payload: payload() })
      assert.ok(first instanceof Promise)
      const [enriched, rejected] = await first
      assert.deepEqual(
        enriched,
        ['d1', 'd2', 'd1'].map(device_id => ({ device_id, location: 'hall' }))
      )
      assert.equal(rejected.length, 2)
      assert.ok(!(enrich({ payload: payload() }) instanceof Promise))
      assert.deepEqual(state.asked, [['d1', 'x', 'd2']])
    })

    it('finds more devices in a batch than it can remember', async () => {
      const enrich = through(cache(source().lookup, { maxEntries: 2 }), { ms: 0 })
      const [enriched] = await enrich({
        payload: ['d1', 'd2', 'd3', 'd4'].map(device_id => ({ device_id }))
      })
      assert.equal(enriched.length, 4)
    })

    it('uses a stale device while it asks again, and waits for one that was unknown', async () => {
      const { state, lookup } = source()
      const clock = { ms: 0 }
      const enrich = through(cache(lookup), clock)
      await enrich({ payload: [{ device_id: 'd1' }, { device_id: 'x' }] })
      clock.ms = 1000
      assert.ok(!(enrich({ payload: [{ device_id: 'd1' }] }) instanceof Promise))
      await until('the refresh', () => state.asked.length === 2)
      assert.deepEqual(state.asked[1], ['d1'])
      assert.ok(enrich({ payload: { device_id: 'x' } }) instanceof Promise)
    })

    it('goes on with what it knows while the source is away', async () => {
      const { state, lookup } = source()
      const problems: unknown[] = []
      const clock = { ms: 0 }
      const enrich = through(
        cache(lookup, { onRefresh: (problem: unknown) => problems.push(problem) }),
        clock
      )
      await enrich({ payload: { device_id: 'd1' } })
      state.away = true
      for (clock.ms = 2000; clock.ms < 20_000; clock.ms += 1000) {
        const [enriched] = await enrich({ payload: { device_id: 'd1' } })
        assert.equal(enriched.length, 1)
        await new Promise(setImmediate)
      }
      assert.ok(problems.length >= 3 && problems.length <= 5, `${problems.length} tries in 18 s`)
      await assert.rejects(async () => enrich({ payload: { device_id: 'd2' } }), /away/)
    })
  })

  it('puts every record in one output, in order, whatever it is', () => {
    const record = fc.oneof(
      fc.record({ device_id: fc.constantFrom('d1', 'd2', 1, null) }),
      fc.anything({ withNullPrototype: true })
    )
    return fc.assert(
      fc.asyncProperty(fc.array(record), async payload => {
        const [enriched, rejections] = await start({ devices: TABLE })({ payload })
        assert.ok(
          isMerged(
            payload,
            enriched,
            rejections.map(rejection => rejection.record)
          )
        )
      })
    )
  })
})
