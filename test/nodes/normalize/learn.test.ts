import assert from 'node:assert/strict'
import type { Answers, Learned } from '../../../core/learn/learned.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { learn } from '../../../nodes/normalize/learn.ts'
import { normalizer } from '../../../nodes/normalize/logic.ts'
import { spec } from '../../../nodes/normalize/spec.ts'

const learnedFrom = async (records: readonly object[], answers: Answers = {}) =>
  learn([{ topic: '', payload: records }], {}, answers)

const settingsOf = ({ findings }: Learned): Record<string, unknown> =>
  Object.assign({}, ...findings.map(({ settings }) => settings))

/** The times that the node with these settings makes, or the codes of what it rejects. */
function timesBy(settings: object, records: readonly object[]): unknown[] {
  const options = parseOptions(spec, { pastDays: 0, futureS: 0, ...settings })
  const [made, rejected] = normalizer(options, () => 0)({ payload: structuredClone(records) })
  return [
    ...made.map(record => (record as { ts_utc: string }).ts_utc),
    ...rejected.map(({ reason }) => reason.code)
  ]
}

const at = (...times: readonly unknown[]) => times.map(ts => ({ device_id: 'a', value: 1, ts }))
const NOON = '2024-02-23T12:00:00.000Z'

const forms: readonly {
  readonly name: string
  readonly records: readonly object[]
  readonly answers?: Answers
  readonly settings: object
  readonly first: string
}[] = [
  {
    name: 'seconds',
    records: at(1708689600, 1708689601.5),
    settings: { field: 'ts', unit: 's' },
    first: NOON
  },
  {
    name: 'nanoseconds as text',
    records: at('1708689600000000000'),
    settings: { unit: 'ns' },
    first: NOON
  },
  {
    name: 'ISO 8601 under another name, inside an object',
    records: [{ value: 1, meta: { timestamp: '2024-02-23T13:00:00+01:00' } }],
    settings: { field: 'meta.timestamp' },
    first: NOON
  },
  {
    name: 'local time, once the zone is known',
    records: at('2024-02-23 13:00:00', '2024-02-23T13:00:01'),
    answers: { zone: 'Europe/Berlin' },
    settings: { zoneFrom: 'fixed', zone: 'Europe/Berlin' },
    first: NOON
  },
  {
    name: 'local time whose zone stands in the record',
    records: [{ value: 1, time: '2024-02-23 13:00:00', tz: 'Europe/Berlin' }],
    settings: { field: 'time', zoneFrom: 'field', zoneField: 'tz' },
    first: NOON
  },
  {
    name: 'a day that can be no month says which comes first',
    records: at('23.02.2024 12:00:00'),
    answers: { zone: 'UTC' },
    settings: { forms: [{ pattern: 'dd.MM.yyyy HH:mm:ss', language: 'en' }] },
    first: NOON
  },
  {
    name: 'names of months in another language',
    records: at('23. März 2024 12:00'),
    answers: { zone: 'UTC' },
    settings: { forms: [{ pattern: 'd. MMMM yyyy HH:mm', language: 'de' }] },
    first: '2024-03-23T12:00:00.000Z'
  },
  {
    name: 'day or month first, once a person has said it',
    records: at('03/04/2024 12:00:00', '04/03/2024 12:00:00'),
    answers: { zone: 'UTC', pattern: 'MM/dd/yyyy HH:mm:ss' },
    settings: { forms: [{ pattern: 'MM/dd/yyyy HH:mm:ss', language: 'en' }] },
    first: '2024-03-04T12:00:00.000Z'
  },
  {
    name: 'seconds and nanos',
    records: [{ v: 1, timestamp: { seconds: 1708689600, nanos: 0 } }],
    settings: { field: 'timestamp' },
    first: NOON
  }
]

describe('nodes/normalize, learn', () => {
  for (const { name, records, answers, settings, first } of forms) {
    it(`finds ${name}`, async () => {
      const learned = await learnedFrom(records, answers)
      const found = settingsOf(learned)
      for (const [field, value] of Object.entries(settings))
        assert.deepEqual(found[field], value, field)
      assert.equal(timesBy(found, records)[0], first)
      assert.deepEqual(
        learned.questions.filter(({ answer }) => answer === ''),
        []
      )
    })
  }

  const questions: readonly (readonly [string, readonly object[], readonly string[]])[] = [
    ['the zone of a local time', at('2024-02-23 13:00:00'), ['zone']],
    ['day or month first', at('03/04/2024 12:00:00'), ['pattern']],
    ['what becomes of records without a time', [{ device_id: 'a', value: 1 }], ['missing']],
    ['nothing of an epoch', at(1708689600), []]
  ]
  for (const [what, records, asked] of questions) {
    it(`asks for ${what}, and guesses none`, async () => {
      const { questions: open } = await learnedFrom(records)
      assert.deepEqual(
        open.map(({ name, answer }) => [name, answer]),
        asked.map(name => [name, ''])
      )
    })
  }

  it('a counter is no time, whatever its size', async () => {
    const { questions: open } = await learnedFrom([{ device_id: 'a', counter: 1708689600 }])
    assert.deepEqual(
      open.map(({ name }) => name),
      ['missing']
    )
  })

  it('calls device and value as the nodes behind do, and reads numbers written as text', async () => {
    const settings = settingsOf(await learnedFrom([{ serial: 'x1', val: '21,5', ts: 1708689600 }]))
    assert.deepEqual(settings.fields, [
      { from: 'serial', to: 'device_id', as: 'keep' },
      { from: 'val', to: 'value', as: 'decimal-comma' }
    ])
  })
})
