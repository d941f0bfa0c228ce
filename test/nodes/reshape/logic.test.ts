import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PROVENANCE, provenanceOf } from '../../../core/record/record.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { spec } from '../../../nodes/reshape/spec.ts'
import { itRunsItsExamples } from '../spec-examples.ts'
import {
  ARRIVAL_MS,
  KAFKA_MS,
  optionsOf,
  prepare,
  reshaped,
  rowsOf,
  type Setting,
  throughKafka
} from './reshape-of.ts'

const of = (action: string, by = '', metric = 'v') => ({
  values: [{ metric, action, by }],
  keep: []
})

describe('nodes/reshape', () => {
  itRunsItsExamples(
    spec,
    options => async message =>
      (await reshaper(options, () => ARRIVAL_MS, prepare)(message)).outputs
  )

  const values: [settings: Setting, given: unknown, expected: unknown][] = [
    [of('unit', '°F > °C'), 72.5, 22.5],
    [of('unit', '°F → °C'), 32, 0],
    [of('unit', 'degF to degC'), -40, -40],
    [of('unit', 'K > °C'), 273.15, 0],
    [of('unit', 'kWh > J'), 2, 7_200_000],
    [of('unit', 'bar > Pa'), 1.5, 150_000],
    [of('unit', 'km/h > m/s'), 36, 10],
    [of('unit', 'l/min > m3/h'), 10, 0.6],
    [of('unit', 'mph > km/h'), 10, 16.09344],
    [of('unit', 'ft > m'), 10, 3.048],
    [of('unit', '°F > °C'), 'warm', 'NOT_A_NUMBER'],
    [of('scale', '0.1'), 3, 0.3],
    [of('scale', '10'), 2.5, 25],
    [of('offset', '-40'), 62, 22],
    [of('round', '2'), 1.005, 1.01],
    [of('round', '0'), -2.7, -3],
    [of('round', '2'), 1e21, 1e21],
    [of('clamp', '0..100'), 104, 100],
    [of('clamp', '0..'), -4, 0],
    [of('words'), 'On', 1],
    [of('words'), false, 0],
    [of('words'), '12.5', 12.5],
    [of('words', 'LOCK=1, UNLOCK=0'), 'unlock', 0],
    [of('words', 'LOCK=1, UNLOCK=0'), 'jammed', 'WORD_UNKNOWN'],
    [of('number'), ' 23.5 ', 23.5],
    [of('number'), '12345678901234567890', 'NOT_A_NUMBER'],
    [of('number'), '1,5', 'NOT_A_NUMBER'],
    [of('decimal-comma'), '1.234,5', 1234.5],
    [of('decimal-comma'), '1.234', 1234],
    [of('decimal-comma'), '21.5', 'NOT_A_NUMBER'],
    [of('scale', '1e300'), 1e300, 'NOT_A_NUMBER'],
    [of('scale', '2', '*'), 4, 8],
    [of('scale', '2', 'x*'), 4, 4]
  ]
  for (const [settings, v, expected] of values) {
    it(`${JSON.stringify(settings.values)}: ${JSON.stringify(v)} is ${expected}`, async () => {
      for (const mode of [{}, { mode: 'keep', valueTo: 'v' }]) {
        const { rows, rejected } = await reshaped({ ...settings, ...mode }, { v })
        const [row] = rows
        assert.equal(rejected[0]?.reason.code ?? ('mode' in mode ? row?.v : row?.value), expected)
      }
    })
  }

  it('does what rows say one after the other', async () => {
    const rows = ['scale 0.1', 'offset -40', 'round 0'].map(text => text.split(' '))
    const settings = { values: rows.map(([action, by]) => ({ metric: 't*', action, by })) }
    assert.deepEqual(await rowsOf(settings, { device_id: 'd', ts: 1, t1: 624, x: 624 }), [
      [1, 'd', 't1', 22],
      [1, 'd', 'x', 624]
    ])
  })

  it('of several fields for one name takes the first that is there, and leaves the others', async () => {
    const keep = ['a', 'b', 'c'].map(from => ({ from, to: 'value' }))
    const settings = { mode: 'keep', keep, others: true }
    const { rows } = await reshaped(settings, [{ a: 1, b: 2, d: 0 }, { b: 2, c: 3 }, { c: 3 }])
    assert.deepEqual(rows, [{ b: 2, d: 0, value: 1 }, { c: 3, value: 2 }, { value: 3 }])
  })

  it('gives a name to the first field that holds a value, and overwrites none', async () => {
    const keep = ['a', 'b', 'b'].map(from => ({ from, to: 'value' }))
    const { rows } = await reshaped({ mode: 'keep', keep }, [
      { a: null, b: 2 },
      { b: 2 },
      { a: 1, value: 7 },
      { a: 1, value: null }
    ])
    assert.deepEqual(rows, [{ a: null, value: 2 }, { value: 2 }, { a: 1, value: 7 }, { value: 1 }])
    const alone = await reshaped({ mode: 'keep', keep, others: false }, { a: null, b: 2, c: 3 })
    assert.deepEqual(alone.rows, [{ value: 2 }])
  })

  const elsewhere: [from: string, of: string, expected: unknown][] = [
    ['key', '', 'the-key'],
    ['header', 'site', 'hall'],
    ['header', 'absent', undefined],
    ['header', '__proto__', undefined],
    ['topic', '', 'tele/d1'],
    ['kafka-time', '', KAFKA_MS],
    ['arrival', '', ARRIVAL_MS],
    ['constant', 'x', 'x']
  ]
  for (const [from, name, expected] of elsewhere) {
    it(`a field from ${from} ${name}: ${expected}`, async () => {
      const settings = { mode: 'keep', sources: [{ to: 'a.b', from, of: name, wins: 'payload' }] }
      const record = throughKafka(
        { a: { c: 1 } },
        { topic: 'tele/d1', headers: { site: 'hall', 'mqtt.topic': 'tele/d1' } }
      )
      const { rows } = await reshaped(settings, record)
      assert.deepEqual(rows[0]!.a, expected === undefined ? { c: 1 } : { c: 1, b: expected })
      assert.deepEqual(record.a, { c: 1 }, 'what came is not changed')
    })
  }

  it('takes the time in Kafka before that of arrival, and neither where the record has one', async () => {
    const sources = ['kafka-time', 'arrival'].map(from => ({
      to: 'ts',
      from,
      of: '',
      wins: 'payload'
    }))
    const given = [throughKafka({ v: 1 }), { v: 2 }, throughKafka({ v: 3, ts: 5 })]
    const { rows } = await reshaped({ sources }, given)
    assert.deepEqual(
      rows.map(({ ts }) => ts),
      [KAFKA_MS, ARRIVAL_MS, 5]
    )
  })

  it('gives each row objects of its own', async () => {
    const { rows } = await reshaped(
      { keep: [{ from: 'place' }] },
      { place: { lat: 1 }, a: 1, b: 2 }
    )
    assert.notEqual(rows[0]!.place, rows[1]!.place)
    assert.deepEqual(rows[0]!.place, rows[1]!.place)
  })

  it('keeps the fields around a list unless the element has them', async () => {
    const settings = { recordsAt: 'list', listPath: 'a.list', mode: 'keep' }
    const { rows } = await reshaped(settings, {
      ts: 1,
      id: 0,
      a: { unit: 'C', list: [{ id: 5 }, { ts: 2 }] }
    })
    assert.deepEqual(rows, [
      { ts: 1, unit: 'C', id: 5 },
      { ts: 2, unit: 'C', id: 0 }
    ])
  })

  it('renames, and leaves out or keeps the others', async () => {
    const keep = [
      { from: 'a.b', to: 'x' },
      { from: 'c', to: 'y' }
    ]
    const given = { a: { b: 1 }, c: 2, d: 3 }
    assert.deepEqual((await reshaped({ mode: 'keep', keep }, given)).rows, [
      { a: { b: 1 }, d: 3, x: 1, y: 2 }
    ])
    assert.deepEqual((await reshaped({ mode: 'keep', keep, others: false }, given)).rows, [
      { x: 1, y: 2 }
    ])
    assert.deepEqual(given, { a: { b: 1 }, c: 2, d: 3 })
  })

  it('counts what has no measurement', async () => {
    const { rows, rejected, filtered } = await reshaped({}, [
      { device_id: 'd', ts: 1 },
      { a: 'text' },
      { b: {} }
    ])
    assert.deepEqual([rows, rejected, filtered], [[], [], 3])
  })
})

describe('nodes/reshape, wide records', () => {
  const pivot = { mode: 'pivot' }
  const row = (device_id: string, ts: unknown, metric: unknown, value: unknown) => ({
    device_id,
    ts,
    metric,
    value
  })

  it('gathers rows of one device and time, in their order', async () => {
    const { rows } = await reshaped(pivot, [
      row('a', 1, 't', 1),
      row('b', 1, 't', 2),
      row('a', 1, 'rh', 3),
      row('a', '1', 't', 4)
    ])
    assert.deepEqual(rows, [
      { device_id: 'a', ts: 1, t: 1, rh: 3 },
      { device_id: 'b', ts: 1, t: 2 },
      { device_id: 'a', ts: '1', t: 4 }
    ])
  })

  const refused: [name: string, rows: readonly object[], codes: readonly string[]][] = [
    ['a metric twice', [row('a', 1, 't', 1), row('a', 1, 't', 2)], ['METRIC_TWICE']],
    ['a metric with the name of a field', [row('a', 1, 'ts', 1)], ['METRIC_TWICE']],
    ['__proto__', [row('a', 1, '__proto__', { x: 1 })], ['KEY_FORBIDDEN']],
    [
      'no metric',
      [row('a', 1, 7, 1), { device_id: 'a', ts: 1, metric: 't' }],
      ['FIELD_MISSING', 'FIELD_MISSING']
    ]
  ]
  for (const [name, rows, codes] of refused) {
    it(`rejects ${name}`, async () => {
      const { rejected } = await reshaped(pivot, rows)
      assert.deepEqual(
        rejected.map(({ reason }) => reason.code),
        codes
      )
      assert.equal(({} as { x?: number }).x, undefined)
    })
  }

  it('knows the place of its first row, and holds the bytes of all', async () => {
    const given = [
      throughKafka(row('a', 1, 't', 1)),
      throughKafka(row('a', 1, 'rh', 2)),
      throughKafka(row('b', 1, 't', 3))
    ]
    const { rows } = await reshaped(pivot, given)
    const [wide, alone] = rows.map(record => provenanceOf(record)!.taken)
    assert.equal(wide!.key?.toString(), 'the-key')
    assert.deepEqual(JSON.parse(String(wide!.raw)), { device_id: 'a', ts: 1, t: 1, rh: 2 })
    assert.deepEqual(JSON.parse(String(alone!.raw)), row('b', 1, 't', 3))
  })
})

describe('nodes/reshape, bad settings', () => {
  const wrong: [settings: Setting, says: RegExp][] = [
    [{ recordsAt: 'list', listPath: '' }, /In the field: must name the field/],
    [{ topic: 'a/{b}', restTo: 'c' }, /Rest of topic goes to: needs a topic that ends in #/],
    [{ keep: [{ from: 'metric', to: '' }] }, /Fields of every record: row 1/],
    [{ which: 'only', names: [] }, /These fields: there must be at least one/],
    [
      { which: 'only', names: [{ field: 'a' }, { field: 'b', metric: 'a' }] },
      /row 2: there is a metric "a" already/
    ],
    [{ metricTo: 'value' }, /Value field: must be another field/],
    [of('unit', 'parsec/fortnight > °C'), /no way from the unit/],
    [of('unit', 'kWh > Pa'), /no way from the unit "kWh" to "Pa"/],
    [of('unit', 'blorp > Pa'), /no way from the unit/],
    [of('unit', '__proto__ > constructor'), /no way from the unit/],
    [of('unit', 'C'), /does not name two units/],
    [of('scale', 'x'), /no factor/],
    [of('scale', '0'), /no factor/],
    [of('offset', ''), /no number/],
    [of('round', '1.5'), /no number of places/],
    [of('clamp', '5..1'), /no range/],
    [of('words', 'ON'), /not of the form ON=1/],
    [{ at: 'a["b' }, /not the path of a field/],
    [{ keep: [{ from: '__proto__' }] }, /not the path of a field/],
    [{ topic: 'a/{b' }, /Topic/]
  ]
  for (const [settings, says] of wrong) {
    it(`${JSON.stringify(settings)}`, () =>
      assert.throws(() => reshaper(optionsOf(settings), () => 0, prepare), says))
  }
})

describe('nodes/reshape, whatever comes', () => {
  it('rejects a message with more measurements than allowed as a whole', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`m${index}`, index])
    )
    const { rows, rejected } = await reshaped({}, [many, { a: 1 }])
    assert.deepEqual(
      [rows.length, rejected.map(({ reason }) => reason.code)],
      [1, ['MEASUREMENTS_TOO_MANY']]
    )
  })

  it('takes apart what is nested 64 deep, and rejects what is deeper', async () => {
    const nested = (levels: number): object =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object
    const { rows, rejected } = await reshaped({ keep: [] }, [nested(64), nested(65)])
    assert.deepEqual([rows.length, rejected[0]!.reason.code], [1, 'PAYLOAD_TOO_DEEP'])
  })

  it('deals with a list of 100,000 elements', async () => {
    const list = Array.from({ length: 100_000 }, (_, index) => ({ v: index }))
    const { rows } = await reshaped({ recordsAt: 'list', listPath: 'list', keep: [] }, { list })
    assert.equal(rows.length, 100_000)
    assert.deepEqual(rows.at(-1), { metric: 'v', value: 99_999 })
  })

  it('gives two measurements of one name never the same name silently', async () => {
    const { rows, rejected } = await reshaped(
      { keep: [] },
      { a: { 'b.c': 1, b: { c: 2 } }, 'a.b': { c: 3 }, d: 4 }
    )
    assert.deepEqual(
      [rows.map(({ metric }) => metric), rejected.map(({ reason }) => reason.code)],
      [
        ['a.b.c', 'd'],
        ['METRIC_TWICE', 'METRIC_TWICE']
      ]
    )
  })

  it('ends each record in rows, a rejection or the count of what has no measurement', async () => {
    const settings = fc.record({
      booleans: fc.boolean(),
      texts: fc.boolean(),
      lists: fc.boolean(),
      each: fc.constantFrom('value', 'object'),
      mode: fc.constantFrom('unpivot', 'keep'),
      valueAt: fc.constantFrom('Value', 'a')
    })
    const payload = fc.array(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()), {
      maxLength: 5
    })
    await fc.assert(
      fc.asyncProperty(settings, payload, async (given, records) => {
        const before = JSON.stringify(records)
        let ends = 0
        for (const record of records) {
          const { rows, rejected, filtered } = await reshaped(given, [record])
          assert.ok(rows.length + rejected.length >= 1 !== (filtered === 1), 'one end')
          ends += 1
        }
        const all = await reshaped(given, records)
        assert.ok(all.rows.length + all.rejected.length + all.filtered >= ends)
        assert.equal(JSON.stringify(records), before, 'what came is not changed')
      })
    )
  })

  it('takes integers beyond 2^53 as they are, wherever they stand', async () => {
    const big = 12345678901234567890n
    const by = [{ field: 'device_id' }]
    const wide = await reshaped(
      { mode: 'pivot', by },
      [throughKafka({ n: 1 }), throughKafka({ n: 2 })].map((record, index) =>
        Object.assign(record, {
          device_id: index === 0 ? big : big + 0n,
          metric: `m${index}`,
          value: big
        })
      )
    )
    assert.deepEqual(
      { ...wide.rows[0], [PROVENANCE]: undefined },
      { [PROVENANCE]: undefined, n: 1, device_id: big, m0: big, m1: big }
    )
    assert.match(String(provenanceOf(wide.rows[0])?.taken.raw), /"m1":12345678901234567890/)
    assert.deepEqual(await rowsOf(of('words', '', '*'), { v: big }), [
      [undefined, undefined, 'v', big]
    ])
    assert.deepEqual(await rowsOf(of('scale', '2'), { v: big }), ['NOT_A_NUMBER'])
    const agree = { sources: [{ to: 'id', from: 'constant', of: '7', wins: 'agree' }] }
    assert.deepEqual(await rowsOf(agree, { id: big }), ['FIELD_CONFLICT'])
  })

  it('finds every number of a record again, as often as it is there', async () => {
    const numbersIn = (value: unknown): number[] =>
      typeof value === 'number'
        ? [value]
        : typeof value === 'object' && value !== null
          ? Object.values(value).flatMap(numbersIn)
          : []
    const record = fc
      .dictionary(fc.string(), fc.jsonValue())
      .filter(value => !Object.hasOwn(value, '__proto__'))
    await fc.assert(
      fc.asyncProperty(record, async given => {
        const { rows, rejected } = await reshaped({ keep: [], lists: true }, given)
        const whole = rejected.some(({ reason }) => reason.code === 'KEY_FORBIDDEN')
        const twice = rejected.filter(({ reason }) => reason.code === 'METRIC_TWICE').length
        if (!whole) assert.equal(rows.length + twice, numbersIn(given).length)
      })
    )
  })
})
