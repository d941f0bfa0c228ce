import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { normalizer } from '../../../nodes/normalize/logic.ts'
import { spec } from '../../../nodes/normalize/spec.ts'
import { isMerged, itRunsItsExamples } from '../spec-examples.ts'

const NOW_MS = Date.UTC(2024, 1, 23, 12)
const ago = (seconds: number) => NOW_MS - seconds * 1000
const start = (options: Record<string, unknown> = {}) =>
  normalizer(parseOptions(spec, options), () => NOW_MS)

/** The one record that passes, or the reason. */
function outcome(record: unknown, options: Record<string, unknown> = {}): unknown {
  const [[passed], [rejected]] = start(options)({ payload: record })
  return rejected ? rejected.reason : passed
}

describe('nodes/normalize', () => {
  itRunsItsExamples(spec, options => normalizer(options, () => NOW_MS))

  const bounds: [
    name: string,
    ts: number,
    options: Record<string, unknown>,
    code: string | undefined
  ][] = [
    ['300 s ahead', ago(-300), {}, undefined],
    ['301 s ahead', ago(-301), {}, 'TS_FUTURE'],
    ['365 days behind', ago(365 * 86_400), {}, undefined],
    ['a second more', ago(365 * 86_400 + 1), {}, 'TS_PAST'],
    ['ten years ahead, no bound', ago(-315_360_000), { futureS: 0 }, undefined],
    ['ten years behind, no bound', ago(315_360_000), { pastDays: 0 }, undefined]
  ]
  for (const [name, ts, options, code] of bounds) {
    it(`${name}: ${code ?? 'passes'}`, () =>
      assert.equal((outcome({ ts }, options) as { code?: string }).code, code))
  }

  it('says how far a time is off, and which bound it broke', () => {
    assert.deepEqual(outcome({ ts: ago(-3600) }), {
      code: 'TS_FUTURE',
      message:
        'The time 2024-02-23T13:00:00.000Z (epoch ms, guessed) is 3600 s in the future; at most 300 s are allowed.',
      path: 'ts'
    })
    assert.match(
      (outcome({ ts: '0001-01-01T00:00:00Z' }) as { message: string }).message,
      /is 738939 days in the past; at most 365 days/
    )
  })

  it('takes the zone from the record', () => {
    const options = { zoneFrom: 'field', zoneField: 'meta.tz' }
    const record = { ts: '2024-02-23T12:00:00', meta: { tz: 'Asia/Kolkata' } }
    assert.equal(
      (outcome(record, options) as { ts_utc: string }).ts_utc,
      '2024-02-23T06:30:00.000Z'
    )
    assert.equal(
      (outcome({ ts: '2024-02-23T12:00:00', meta: { tz: 5 } }, options) as { code: string }).code,
      'TS_ZONE_MISSING'
    )
  })

  it('reads and writes inside objects', () => {
    const record = outcome(
      { time: { device: ago(1) } },
      { field: 'time.device', target: 'time.utc', decision: 'time.rule' }
    )
    assert.deepEqual(record, {
      time: { device: ago(1), utc: '2024-02-23T11:59:59.000Z', rule: 'epoch ms, guessed' }
    })
  })

  const reshaped: [name: string, rows: object[], record: object, expected: object][] = [
    ['renames', [{ from: 'a', to: 'b' }], { a: 1, c: 2 }, { b: 1, c: 2 }],
    [
      'keeps what has the new name already',
      [{ from: 'a', to: 'b' }],
      { a: 1, b: 2 },
      { a: 1, b: 2 }
    ],
    ['leaves alone what is not there', [{ from: 'a', to: 'b' }], { c: 2 }, { c: 2 }],
    [
      'copies out of objects',
      [{ from: 'a.b', to: 'c' }],
      { a: { b: null } },
      { a: { b: null }, c: null }
    ],
    ['converts in place', [{ from: 'a', as: 'number' }], { a: ' -1.5e3 ' }, { a: -1500 }],
    [
      'converts in place where the new name is the same',
      [{ from: 'a', to: 'a', as: 'number' }],
      { a: '23.5' },
      { a: 23.5 }
    ],
    [
      'keeps a field that takes its own name',
      [{ from: 'a', to: 'a' }],
      { a: 1, c: 2 },
      { a: 1, c: 2 }
    ],
    ['converts inside objects', [{ from: 'a.b', as: 'text' }], { a: { b: 7 } }, { a: { b: '7' } }],
    ['takes a decimal comma', [{ from: 'a', as: 'decimal-comma' }], { a: '23,5' }, { a: 23.5 }],
    [
      'takes thousands before a decimal comma',
      [{ from: 'a', as: 'decimal-comma' }],
      { a: '1.234,5' },
      { a: 1234.5 }
    ],
    [
      'takes a point for thousands only',
      [{ from: 'a', as: 'decimal-comma' }],
      { a: '1.234' },
      { a: 1234 }
    ],
    [
      'refuses a point that divides nothing',
      [{ from: 'a', as: 'decimal-comma' }],
      { a: '21.5' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'refuses more digits than fit',
      [{ from: 'a', as: 'number' }],
      { a: '12345678901234567890' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'reads a name with a dot',
      [{ from: 'V["PM2.5"]', to: 'value' }],
      { V: { 'PM2.5': 5 } },
      { V: { 'PM2.5': 5 }, value: 5 }
    ],
    [
      'renames a name with a dot',
      [{ from: 'battery\\.voltage', to: 'value' }],
      { 'battery.voltage': 5 },
      { value: 5 }
    ],
    [
      'keeps the old where the new is taken',
      [{ from: 'a', to: 'b.c' }],
      { a: 1, b: { c: 2 } },
      { a: 1, b: { c: 2 } }
    ],
    [
      'takes the first of several for one name, and keeps the others where they are',
      [
        { from: 'a', to: 'value' },
        { from: 'b', to: 'value' },
        { from: 'm.c', to: 'value' }
      ],
      { a: 1, b: 2, m: { c: 3 } },
      { value: 1, b: 2, m: { c: 3 } }
    ],
    [
      'converts also what keeps its name, since the new one is taken',
      [{ from: 't', to: 'temp', as: 'decimal-comma' }],
      { temp: 9, t: '21,5' },
      { temp: 9, t: 21.5 }
    ],
    [
      'converts it inside of an object as well',
      [{ from: 'm.t', to: 'temp', as: 'number' }],
      { temp: 9, m: { t: '21.5', u: '1' } },
      { temp: 9, m: { t: 21.5, u: '1' } }
    ],
    [
      'converts all of several for one name',
      [
        { from: 'a', to: 'value', as: 'number' },
        { from: 'b', to: 'value', as: 'number' },
        { from: 'm.c', to: 'value', as: 'number' }
      ],
      { a: '1', b: '2', m: { c: '3' } },
      { value: 1, b: 2, m: { c: 3 } }
    ],
    [
      'does not reject for what another has the name of',
      [
        { from: 'a', to: 'value', as: 'number' },
        { from: 'b', to: 'value', as: 'number' },
        { from: 'm.c', to: 'value', as: 'number' }
      ],
      { a: '1', b: '', m: { c: 'off' } },
      { value: 1, b: '', m: { c: 'off' } }
    ],
    [
      'leaves what is copied out of an object as it is there',
      [
        { from: 'm.c', to: 'value', as: 'number' },
        { from: 'm.c', to: 'other', as: 'text' }
      ],
      { other: 1, m: { c: '3' } },
      { value: 3, other: 1, m: { c: '3' } }
    ],
    [
      'takes the next where the first is not there',
      [
        { from: 'a', to: 'value' },
        { from: 'b', to: 'value' },
        { from: 'c', to: 'value' }
      ],
      { b: 2, c: 3 },
      { value: 2, c: 3 }
    ],
    [
      'takes the first that holds a value, not a null before it',
      [
        { from: 'a', to: 'value' },
        { from: 'b', to: 'value', as: 'number' }
      ],
      { a: null, b: '5' },
      { value: 5, a: null }
    ],
    [
      'puts a value in the place of a null',
      [{ from: 'a', to: 'value' }],
      { a: 5, value: null },
      { value: 5 }
    ],
    [
      'leaves nothing behind where a row stands twice',
      [
        { from: 'a', to: 'b' },
        { from: 'a', to: 'b' }
      ],
      { a: 1 },
      { b: 1 }
    ],
    ['puts nothing into a number', [{ from: 'a', to: 'b.c' }], { a: 1, b: 5 }, { a: 1, b: 5 }],
    ['leaves null', [{ from: 'a', as: 'number' }], { a: null }, { a: null }],
    [
      'refuses a comma that was not announced',
      [{ from: 'a', as: 'number' }],
      { a: '23,5' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'refuses empty text',
      [{ from: 'a', as: 'number' }],
      { a: '' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'refuses true',
      [{ from: 'a', as: 'number' }],
      { a: true },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'refuses hexadecimal',
      [{ from: 'a', as: 'number' }],
      { a: '0x10' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ],
    [
      'refuses what no number holds',
      [{ from: 'a', as: 'number' }],
      { a: '1e999' },
      { code: 'NOT_A_NUMBER', path: 'a' }
    ]
  ]
  for (const [name, fields, record, expected] of reshaped) {
    it(`${name}: ${JSON.stringify(record)}`, () => {
      const { ts, ts_utc, message, ...rest } = outcome(
        { ...record, ts: NOW_MS },
        { fields }
      ) as Record<string, unknown>
      assert.deepEqual(rest, expected)
      assert.ok(message ?? (ts && ts_utc))
    })
  }

  it('rejects a record as it came', () => {
    const record = { device: 'd1', a: { b: '7' }, ts: 'soon' }
    const fields = [
      { from: 'device', to: 'device_id' },
      { from: 'a.b', as: 'number' }
    ]
    const [, [rejection]] = start({ fields })({ payload: record })
    assert.equal(rejection!.record, record)
    assert.deepEqual(record, { device: 'd1', a: { b: '7' }, ts: 'soon' })
  })

  const unfit: [record: unknown, code: string][] = [
    ['text', 'NOT_A_RECORD'],
    [undefined, 'NOT_A_RECORD'],
    [[NOW_MS], 'NOT_A_RECORD'],
    [JSON.parse('{"__proto__":{"ts":1708700000}}'), 'KEY_FORBIDDEN'],
    [JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`), 'NOT_A_RECORD'],
    [
      { ts: NOW_MS, deep: JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) },
      'PAYLOAD_TOO_DEEP'
    ]
  ]
  for (const [record, code] of unfit) {
    it(`rejects ${typeof record} as ${code}`, () =>
      assert.equal(start()({ payload: [record] })[1][0]!.reason.code, code))
  }

  const broken: [options: object, problem: RegExp][] = [
    [{ field: 'a..b' }, /Time is in field: "a\.\.b" is not the path/],
    [{ target: '__proto__' }, /UTC time goes to: "__proto__" is not the path/],
    [{ target: 'ts' }, /must be another field than ts/],
    [{ decision: 'ts_utc' }, /Write the rule to: must be a field of its own/],
    [{ zoneFrom: 'fixed', zone: 'Mars/Base' }, /Time zone: there is no time zone "Mars\/Base"/],
    [{ zoneFrom: 'field', zoneField: '.' }, /Time zone in field: "\."/],
    [{ fields: [{ from: 'a', to: '__proto__' }] }, /Fields: row 1: "__proto__"/]
  ]
  for (const [options, problem] of broken) {
    it(`refuses ${JSON.stringify(options)} at deploy`, () =>
      assert.throws(() => start({ ...options }), { code: 'OPTIONS_INVALID', message: problem }))
  }

  it('puts every record in one output, in order, whatever it is', () => {
    const good = fc.record({ ts: fc.integer({ min: ago(86_400), max: NOW_MS }), id: fc.nat() })
    const record = fc.oneof(
      good,
      fc.record({ ts: fc.anything() }),
      fc.anything({ withNullPrototype: true, withDate: true })
    )
    fc.assert(
      fc.property(fc.array(record), payload => {
        const [passed, rejections] = start()({ payload })
        assert.ok(
          isMerged(
            payload,
            passed,
            rejections.map(rejection => rejection.record)
          )
        )
      })
    )
  })
})
