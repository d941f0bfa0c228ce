import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type DeadLetter, originalOf, recordOf } from '../../../core/dead-letter/decode.ts'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { type Batch, PROVENANCE, Provenance, reject } from '../../../core/record/record.ts'
import {
  chosenBy,
  type Filter,
  filterOf,
  Ledger,
  matches,
  ReplayPace,
  sentenceOf
} from '../../../nodes/dead-letter-replay/logic.ts'

const letter = (more: Partial<DeadLetter> = {}): DeadLetter => ({
  partition: 0,
  offset: '5',
  timestamp: '1000',
  key: Buffer.from('d1'),
  value: Buffer.from('{'),
  headers: {
    'millrace.reason.code': Buffer.from('JSON_INVALID'),
    'millrace.origin.kind': 'kafka',
    'millrace.origin.topic': Buffer.from('raw'),
    site: 'north'
  },
  ...more
})

describe('dead-letter-replay: which', () => {
  const cases: [string, Parameters<typeof filterOf>[0], boolean][] = [
    ['no filter', { codes: '', since: '', until: '' }, true],
    ['its code', { codes: 'TS_FUTURE, JSON_INVALID', since: '', until: '' }, true],
    ['another code', { codes: 'TS_FUTURE', since: '', until: '' }, false],
    ['since its time', { codes: '', since: '1970-01-01T00:00:01Z', until: '' }, true],
    ['since later', { codes: '', since: '1970-01-01T00:00:01.001Z', until: '' }, false],
    ['until its time', { codes: '', since: '', until: '1970-01-01T00:00:01Z' }, false],
    ['until later', { codes: '', since: '', until: '1970-01-01T00:00:02Z' }, true]
  ]
  for (const [name, settings, expected] of cases) {
    it(`${name} ${expected ? 'takes' : 'leaves'} it`, () =>
      assert.equal(matches(letter(), filterOf(settings) as Filter), expected))
  }

  it('tells in words what is wrong with a filter', () => {
    assert.deepEqual(filterOf({ codes: '', since: 'yesterday', until: '' }), {
      problems: ['Since: "yesterday" is not a time such as 2026-01-31T00:00:00Z']
    })
    assert.deepEqual(
      filterOf({ codes: '', since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' }),
      {
        problems: ['Until: must be after Since (2026-02-01T00:00:00Z)']
      }
    )
  })
})

describe('dead-letter-replay: what is sent', () => {
  it('the original bytes and key, to the topic they came from, without the notes of the rejection', () => {
    const { topic, key, value, headers } = originalOf(letter(), 'ingest')
    assert.deepEqual([topic, key?.toString(), value?.toString()], ['raw', 'd1', '{'])
    assert.deepEqual(headers, { site: 'north', 'millrace.replays': '1' })
  })

  it('what came over MQTT goes to the ingest topic', () => {
    const mqtt = letter({
      headers: { 'millrace.origin.kind': 'mqtt', 'millrace.origin.topic': 'acme/site/x' }
    })
    assert.equal(originalOf(mqtt, 'ingest').topic, 'ingest')
  })

  it('what says where it came from stays', () => {
    const known = { ...letter().headers, 'millrace.time': '1700000000000', 'millrace.key': 'd0' }
    assert.deepEqual(originalOf(letter({ headers: known }), 'ingest').headers, {
      site: 'north',
      'millrace.time': '1700000000000',
      'millrace.key': 'd0',
      'millrace.replays': '1'
    })
  })

  it('counts how often it was replayed', () => {
    assert.equal(
      originalOf(letter({ headers: { 'millrace.replays': Buffer.from('2') } }), 'ingest').headers[
        'millrace.replays'
      ],
      '3'
    )
  })
})

describe('dead-letter-replay: ledger', () => {
  it('knows what it was told, by entry or by letter, and nothing else', () => {
    const ledger = new Ledger('dead')
    ledger.read('dead:3:17:1000', '')
    ledger.note(letter({ offset: '9007199254740993' }))
    for (const nonsense of ['', ':', 'dead', 'other:1:5:1000']) ledger.read(nonsense, nonsense)
    assert.ok(
      ledger.has(letter({ partition: 3, offset: '17' })) &&
        ledger.has(letter({ offset: '9007199254740993' }))
    )
    assert.ok(
      !ledger.has(letter({ offset: '9007199254740992' })) && !ledger.has(letter({ partition: 1 }))
    )
    assert.equal(ledger.key(letter({ partition: 3, offset: '17' })), 'dead:3:17:1000')
  })

  it('takes the dead letters of a topic that was made anew for new ones', () => {
    const ledger = new Ledger('dead')
    ledger.note(letter())
    assert.ok(!ledger.has(letter({ timestamp: '2000' })))
  })

  it('knows a record by another of its dead letters, by the entry as well', () => {
    const of = (offset: string, origin: object, more: Partial<DeadLetter> = {}) =>
      letter({
        offset,
        headers: { ...letter().headers, 'millrace.origin.partition': '2', ...origin },
        ...more
      })
    const first = of('5', { 'millrace.origin.offset': '77' })
    const [noted, read] = [new Ledger('dead'), new Ledger('dead')]
    noted.note(first)
    read.read(noted.key(first), recordOf(first)!)
    for (const ledger of [noted, read]) {
      assert.ok(
        ledger.has(
          of('6', { 'millrace.origin.offset': Buffer.from('77'), 'millrace.reason.code': 'OTHER' })
        )
      )
      assert.ok(!ledger.has(of('6', { 'millrace.origin.offset': '78' })))
      assert.ok(
        !ledger.has(of('6', { 'millrace.origin.offset': '77', 'millrace.origin.topic': 'other' }))
      )
      assert.ok(
        !ledger.has(of('6', { 'millrace.origin.offset': '77', 'millrace.origin.partition': '3' }))
      )
      assert.ok(
        !ledger.has(
          of(
            '6',
            { 'millrace.origin.offset': '77' },
            { value: Buffer.from('of a topic made anew') }
          )
        )
      )
      assert.ok(!ledger.has(of('6', {})), 'from no place in Kafka')
    }
  })

  it('knows that parts of one message from MQTT are one replay, and parts of two are two', () => {
    const ofPart = (batch: Batch, index: number, place: string, offset: string) => {
      const record = { [PROVENANCE]: new Provenance(batch, index, place) }
      const { headers } = encodeRejection(
        reject(record, 'validate', { code: 'FIELD_TYPE', message: 'No.' })
      )
      return letter({ offset, headers })
    }
    const origin = { kind: 'mqtt', topic: 'acme/list', qos: 1, retained: false } as const
    const batch = () => ({
      at: () => ({ origin, key: null, headers: {}, raw: Buffer.from('[1,2]') })
    })
    const [one, other] = [batch(), batch()]
    const ledger = new Ledger('dead')
    ledger.note(ofPart(one, 0, '0', '5'))
    assert.ok(ledger.has(ofPart(one, 0, '1', '6')))
    assert.ok(!ledger.has(ofPart(one, 1, '1', '7')), 'another message of the batch')
    assert.ok(!ledger.has(ofPart(other, 0, '1', '8')), 'the same bytes published again')
  })
})

describe('dead-letter-replay: pace', () => {
  it('never exceeds its rate, whatever the pauses', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 500 }), idleMs: fc.nat(3000) }), {
          minLength: 2
        }),
        (perSecond, steps) => {
          const pace = new ReplayPace(perSecond, 0)
          let nowMs = 0
          let sent = 0
          let before = 0
          for (const { size, idleMs } of steps) {
            nowMs += idleMs
            nowMs += pace.waitMs(size, nowMs)
            assert.ok(before <= (nowMs * perSecond) / 1000 + 1e-6, `${before} after ${nowMs} ms`)
            sent += size
            before = sent
          }
        }
      )
    )
  })

  it('sends a quarter of a second at a time', () => {
    assert.deepEqual(
      [1, 100, 100_000].map(rate => new ReplayPace(rate, 0).batchSize),
      [1, 25, 500]
    )
  })
})

describe('nodes/dead-letter-replay: what a replay goes by', () => {
  const dialog = { codes: 'TS_FUTURE', since: '2026-01-31T00:00:00Z', until: '' }
  const sentences: [payload: unknown, sentence: string][] = [
    [Date.now(), 'Replays TS_FUTURE since 2026-01-31T00:00:00Z; as the dialog says.'],
    ['go', 'Replays TS_FUTURE since 2026-01-31T00:00:00Z; as the dialog says.'],
    [{}, 'Replays TS_FUTURE since 2026-01-31T00:00:00Z; as the dialog says.'],
    [[{ codes: 'X' }], 'Replays TS_FUTURE since 2026-01-31T00:00:00Z; as the dialog says.'],
    [
      { codes: 'UNKNOWN_DEVICE' },
      'Replays UNKNOWN_DEVICE since 2026-01-31T00:00:00Z; codes by the message, the rest by the dialog.'
    ],
    [
      { codes: '', since: '', until: '' },
      'Replays all dead letters; codes, since, until by the message.'
    ]
  ]
  for (const [payload, sentence] of sentences) {
    it(`${JSON.stringify(payload)}: ${sentence}`, () => {
      const chosen = chosenBy(dialog, payload)
      assert.ok('filter' in chosen)
      assert.equal(sentenceOf(chosen), sentence)
    })
  }

  const refused: [payload: object, problem: RegExp][] = [
    [{ code: 'UNKNOWN_DEVICE' }, /"code" decides nothing in a replay; codes, since, until do/],
    [{ codes: ['UNKNOWN_DEVICE'] }, /codes must be a text/],
    [{ until: '2026-01-30T00:00:00Z' }, /Until: must be after Since/],
    [{ since: 'yesterday' }, /Since: "yesterday" is not a time/]
  ]
  for (const [payload, problem] of refused) {
    it(`refuses ${JSON.stringify(payload)}, since more would be replayed than was meant`, () => {
      const chosen = chosenBy(dialog, payload)
      assert.ok('problems' in chosen)
      assert.match(chosen.problems.join(), problem)
    })
  }
})
