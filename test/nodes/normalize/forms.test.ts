import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { PROVENANCE, Provenance, type Taken } from '../../../core/record/record.ts'
import { normalizer } from '../../../nodes/normalize/logic.ts'
import { spec } from '../../../nodes/normalize/spec.ts'

const NOW = Date.parse('2024-06-01T00:00:00Z')

/** The time of a record in UTC and the rule, or the code of the reason. */
function outcome(record: object, options: object): string {
  const parsed = parseOptions(spec, {
    pastDays: 0,
    futureS: 0,
    zoneFrom: 'fixed',
    decision: 'rule',
    ...options
  })
  const [normalized, rejected] = normalizer(parsed, () => NOW)({ payload: record })
  const [read] = normalized as { ts_utc: string; rule: string }[]
  return read ? `${read.ts_utc} ${read.rule}` : rejected[0]!.reason.code
}

const form = (pattern: string, language = 'en') => ({ pattern, language })
const GERMAN = form('dd.MM.yyyy HH:mm:ss')
const AMERICAN = form('MM/dd/yyyy hh:mm:ss a')

const patterns: [value: unknown, forms: object[], expected: string][] = [
  ['23.02.2024 13:46:40', [GERMAN], '2024-02-23T13:46:40.000Z dd.MM.yyyy HH:mm:ss, UTC'],
  ['03.04.2024 13:46:40', [GERMAN], '2024-04-03T13:46:40.000Z dd.MM.yyyy HH:mm:ss, UTC'],
  ['23.02.2024 24:00:00', [GERMAN], '2024-02-24T00:00:00.000Z dd.MM.yyyy HH:mm:ss, UTC'],
  ['02/23/2024 01:46:40 PM', [AMERICAN], '2024-02-23T13:46:40.000Z MM/dd/yyyy hh:mm:ss a, UTC'],
  ['02/23/2024 12:00:00 am', [AMERICAN], '2024-02-23T00:00:00.000Z MM/dd/yyyy hh:mm:ss a, UTC'],
  [
    '3. März 2024 07:05',
    [form('d. MMMM yyyy HH:mm', 'de')],
    '2024-03-03T07:05:00.000Z d. MMMM yyyy HH:mm, UTC'
  ],
  [
    '23/Feb/2024:13:46:40 +0100',
    [form('dd/MMM/yyyy:HH:mm:ss ZZZ')],
    '2024-02-23T12:46:40.000Z dd/MMM/yyyy:HH:mm:ss ZZZ'
  ],
  [
    '2024 day 054 at 13h',
    [form("yyyy 'day' ooo 'at' HH'h'")],
    "2024-02-23T13:00:00.000Z yyyy 'day' ooo 'at' HH'h', UTC"
  ],
  [20240223134640, [form('yyyyMMddHHmmss')], '2024-02-23T13:46:40.000Z yyyyMMddHHmmss, UTC'],
  ['2024-02-23T13:46:40Z', [GERMAN], '2024-02-23T13:46:40.000Z ISO 8601'],
  ['23.02.2024 24:00:01', [GERMAN], 'TS_UNPARSABLE'],
  ['23.02.2024 13:60:00', [GERMAN], 'TS_UNPARSABLE'],
  ['23.02.2024 13:46:60', [GERMAN], 'TS_UNPARSABLE'],
  ['30.02.2024 13:46:40', [GERMAN], 'TS_UNPARSABLE'],
  ['3.2.2024 13:46:40', [GERMAN], 'TS_UNPARSABLE'],
  ['23.02.2024 13:46:40 and more', [GERMAN], 'TS_UNPARSABLE'],
  ['02/23/2024 13:46:40 PM', [AMERICAN], 'TS_UNPARSABLE'],
  ['02/23/2024 00:46:40 AM', [AMERICAN], 'TS_UNPARSABLE'],
  ['23/02/2024 01:46:40 PM', [AMERICAN], 'TS_UNPARSABLE'],
  ['03/04/2024 13:46', [], 'TS_UNPARSABLE'],
  ['03/04/2024 13:46', [form('MM/dd/yyyy HH:mm'), form('dd/MM/yyyy HH:mm')], 'TS_AMBIGUOUS_FORM'],
  [
    '03/03/2024 13:46',
    [form('MM/dd/yyyy HH:mm'), form('dd/MM/yyyy HH:mm')],
    '2024-03-03T13:46:00.000Z MM/dd/yyyy HH:mm, UTC'
  ],
  [
    '13/04/2024 13:46',
    [form('MM/dd/yyyy HH:mm'), form('dd/MM/yyyy HH:mm')],
    '2024-04-13T13:46:00.000Z dd/MM/yyyy HH:mm, UTC'
  ]
]

const known: [value: unknown, options: object, expected: string][] = [
  ['Fri Feb 23 13:46:40 2024', {}, '2024-02-23T13:46:40.000Z ctime, UTC'],
  ['Sat Feb  3 13:46:40 2024', {}, '2024-02-03T13:46:40.000Z ctime, UTC'],
  ['Fri Feb 23 13:46:40 EST 2024', {}, '2024-02-23T18:46:40.000Z ctime'],
  ['Fri Feb 23 24:00:00 2024', {}, '2024-02-24T00:00:00.000Z ctime, UTC'],
  ['Sat Dec 31 23:59:60 UTC 2016', {}, '2017-01-01T00:00:00.000Z ctime'],
  ['Thu Feb 23 13:46:40 2024', {}, 'TS_UNPARSABLE'],
  ['Fri Feb 23 13:46:40 CEST 2024', {}, 'TS_ZONE_UNKNOWN'],
  ['/Date(1708700000123)/', {}, '2024-02-23T14:53:20.123Z /Date(ms)/'],
  ['\\/Date(1708700000123+0200)\\/', {}, '2024-02-23T14:53:20.123Z /Date(ms)/'],
  ['/Date(-1)/', {}, '1969-12-31T23:59:59.999Z /Date(ms)/'],
  ['/Date(now)/', {}, 'TS_UNPARSABLE'],
  [
    { seconds: 1708700000, nanos: 123456789 },
    {},
    '2024-02-23T14:53:20.123456789Z seconds and nanos'
  ],
  [{ seconds: '1708700000' }, {}, '2024-02-23T14:53:20.000Z seconds and nanos'],
  [
    { _seconds: 1708700000, _nanoseconds: 5 },
    {},
    '2024-02-23T14:53:20.000000005Z seconds and nanos'
  ],
  [{ seconds: 1708700000, nanos: 1e9 }, {}, 'TS_UNPARSABLE'],
  [{ seconds: 1708700000, nanos: -1 }, {}, 'TS_UNPARSABLE'],
  [{ seconds: 1.5 }, {}, 'TS_UNPARSABLE'],
  [{ nanos: 5 }, {}, 'TS_UNPARSABLE'],
  [{ seconds: 1708700000, day: 5 }, {}, 'TS_UNPARSABLE'],
  [45345.5, { unit: 'excel' }, '2024-02-23T12:00:00.000Z Excel, UTC'],
  [
    45345.5,
    { unit: 'excel', zone: 'Europe/Berlin' },
    '2024-02-23T11:00:00.000Z Excel, Europe/Berlin'
  ],
  ['45345.574074074073', { unit: 'excel' }, '2024-02-23T13:46:40.000Z Excel, UTC'],
  [61, { unit: 'excel' }, '1900-03-01T00:00:00.000Z Excel, UTC'],
  [60, { unit: 'excel' }, 'TS_UNPARSABLE'],
  [1708700000, { unit: 'excel' }, 'TS_UNPARSABLE'],
  [0.5, { unit: 'excel' }, 'TS_UNPARSABLE']
]

/** A record as a consumer gives it. */
function fromKafka(timestamp: string, headers: Taken['headers'] = {}): object {
  const origin = { kind: 'kafka', topic: 't', partition: 0, offset: '0', timestamp } as const
  const batch = { at: (): Taken => ({ origin, key: null, headers, raw: null }) }
  return { device_id: 'd', [PROVENANCE]: new Provenance(batch, 0) }
}
const fromMqtt = (): object => {
  const origin = { kind: 'mqtt', topic: 't', qos: 1, retained: false } as const
  const batch = { at: (): Taken => ({ origin, key: null, headers: {}, raw: null }) }
  return { device_id: 'd', [PROVENANCE]: new Provenance(batch, 0) }
}

const missing: [name: string, record: object, missing: string, expected: string][] = [
  ['by default', {}, 'reject', 'TS_MISSING'],
  ['of a Kafka record, by default', fromKafka('1708700000123'), 'reject', 'TS_MISSING'],
  [
    'of a Kafka record',
    fromKafka('1708700000123'),
    'kafka',
    '2024-02-23T14:53:20.123Z time of the Kafka record'
  ],
  [
    'of a Kafka record that was replayed',
    fromKafka('1708709999999', { 'millrace.time': '1708700000123' }),
    'kafka',
    '2024-02-23T14:53:20.123Z time of the Kafka record'
  ],
  ['of a Kafka record without a time', fromKafka('-1'), 'kafka', 'TS_MISSING'],
  ['of an MQTT message', fromMqtt(), 'kafka', 'TS_MISSING'],
  ['of a record from anywhere', {}, 'kafka', 'TS_MISSING'],
  [
    'of a record from anywhere, at arrival',
    {},
    'arrival',
    '2024-06-01T00:00:00.000Z time of arrival'
  ],
  ['null', { ts: null }, 'arrival', '2024-06-01T00:00:00.000Z time of arrival'],
  ['empty', { ts: '' }, 'arrival', '2024-06-01T00:00:00.000Z time of arrival'],
  ['there, and wrong', { ts: 'yesterday' }, 'arrival', 'TS_UNPARSABLE'],
  ['there', { ts: '2024-02-23T14:53:20Z' }, 'arrival', '2024-02-23T14:53:20.000Z ISO 8601']
]

describe('nodes/normalize: own forms', () => {
  for (const [value, forms, expected] of patterns)
    it(`${JSON.stringify(value)} by ${forms.length} forms: ${expected}`, () =>
      assert.equal(outcome({ ts: value }, { forms }), expected))

  const wrong: [pattern: string, language: string, why: RegExp][] = [
    ['HH:mm', 'en', /has no year/],
    ['yyyy HH:mm', 'en', /has no day/],
    ['dd.MM.yyyy', 'en', /has no hour/],
    ['dd.MM.yyyy hh:mm', 'en', /half of the day/],
    ['DD.MM.YYYY HH:mm', 'en', /letters that mean nothing/],
    ['yyyy-MM-ddTHH:mm', 'en', /letters that mean nothing/],
    ['dd.MM.yyyy HH:mm', 'not a language', /no language/]
  ]
  for (const [pattern, language, why] of wrong)
    it(`refuses ${pattern} in ${language} at deploy`, () =>
      assert.throws(() => outcome({}, { forms: [form(pattern, language)] }), why))

  it('reads every time that it is written in, as Date does', () => {
    const some = fc.date({
      min: new Date('1950-01-01T00:00:00Z'),
      max: new Date('2199-12-31T00:00:00Z'),
      noInvalidDate: true
    })
    fc.assert(
      fc.property(some, date => {
        const iso = `${date.toISOString().slice(0, 19)}.000Z`
        const [year, month, day] = iso.slice(0, 10).split('-')
        const clock = iso.slice(11, 19)
        assert.ok(
          outcome({ ts: `${day}.${month}.${year} ${clock}` }, { forms: [GERMAN] }).startsWith(iso)
        )
        const half = `${String(date.getUTCHours() % 12 || 12).padStart(2, '0')}${clock.slice(2)} ${date.getUTCHours() < 12 ? 'AM' : 'PM'}`
        assert.ok(
          outcome({ ts: `${month}/${day}/${year} ${half}` }, { forms: [AMERICAN] }).startsWith(iso)
        )
      }),
      { numRuns: 200 }
    )
  })
})

describe('nodes/normalize: forms that need no pattern', () => {
  for (const [value, options, expected] of known)
    it(`${JSON.stringify(value)}: ${expected}`, () =>
      assert.equal(outcome({ ts: value }, options), expected))
})

describe('nodes/normalize: a time that is not there', () => {
  for (const [name, record, instead, expected] of missing)
    it(`${name}: ${expected}`, () => assert.equal(outcome(record, { missing: instead }), expected))
})
