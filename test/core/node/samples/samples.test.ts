import assert from 'node:assert/strict'
import { MAX_BYTES, MOST_SAMPLES, Samples } from '../../../../core/node/samples/samples.ts'
import { read, Writer } from '../../../../core/node/samples/written.ts'
import { KAFKA_MESSAGE, PROVENANCE, Provenance } from '../../../../core/record/record.ts'

/** Samples with a clock that stands still unless it is moved. */
function standing() {
  const clock = { nowMs: 0 }
  return { clock, samples: new Samples('millrace-validate', () => clock.nowMs) }
}

describe('samples', () => {
  it('are the last 20 messages, the last first', () => {
    const { clock, samples } = standing()
    for (let index = 0; index < 50; index++) {
      clock.nowMs += 1_000
      samples.see({ topic: 't', payload: { index } })
    }
    const shown = samples.list().map(({ payload }) => (payload as { index: number }).index)
    assert.deepEqual(
      shown,
      Array.from({ length: 20 }, (_, index) => 49 - index)
    )
  })

  it('are all kept where few come at once, and four a second where many come', () => {
    const { clock, samples } = standing()
    let read = 0
    const payload = {
      get value() {
        read++
        return 1
      }
    }
    for (let index = 0; index < 1_000; index++) samples.see({ payload })
    assert.equal(read, MOST_SAMPLES)
    for (let index = 0; index < 10_000; index++) {
      clock.nowMs += 1
      samples.see({ payload })
    }
    assert.equal(read, MOST_SAMPLES + 40)
  })

  it('stay as they were when a node behind changes the record', () => {
    const { samples } = standing()
    const record = { device_id: 'd1', at: { x: 1 }, list: [1], bytes: Buffer.from('a') }
    samples.see({ payload: record })
    record.at.x = 2
    record.list.push(2)
    record.bytes[0] = 0
    assert.deepEqual(read(samples.list()[0]!.payload), {
      device_id: 'd1',
      at: { x: 1 },
      list: [1],
      bytes: Buffer.from('a')
    })
  })

  it('leave the record alone', () => {
    const { samples } = standing()
    const record = Object.freeze({ a: Object.freeze({ b: 1 }), text: 'x'.repeat(100_000) })
    samples.see({ payload: record })
    assert.deepEqual(Object.keys(record), ['a', 'text'])
    assert.equal(record.text.length, 100_000)
  })

  it('say where each record came from, without its original bytes', () => {
    const { samples } = standing()
    const origin = {
      kind: 'mqtt' as const,
      topic: 'acme/site-01/d1',
      qos: 1 as const,
      retained: false
    }
    const taken = { origin, key: Buffer.from('d1'), headers: { a: 'b' }, raw: Buffer.from('{}') }
    samples.see({
      payload: [{ [PROVENANCE]: new Provenance({ at: () => taken }, 0), value: 1 }, { value: 2 }]
    })
    assert.deepEqual(read(samples.list()[0]!.taken), [
      { origin, key: Buffer.from('d1'), headers: { a: 'b' } },
      null
    ])
  })

  const large: readonly [string, unknown][] = [
    ['a long text', 'x'.repeat(10_000_000)],
    ['a text of long characters', '€'.repeat(1_000_000)],
    ['long bytes', Buffer.alloc(10_000_000, 1)],
    ['a batch', Array.from({ length: 100_000 }, (_, index) => ({ index, text: 'some text' }))],
    ['a long list in a record', { list: Array.from({ length: 1_000_000 }, (_, index) => index) }],
    ['empty lists', { list: Array.from({ length: 1_000_000 }, () => []) }],
    [
      'many fields',
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`f${index}`, index]))
    ],
    ['a long name of a field', { ['n'.repeat(1_000_000)]: 1 }],
    ['large numbers', { n: 10n ** 5_000n }]
  ]
  for (const [name, payload] of large) {
    it(`use bounded memory for ${name}, and say that it is cut`, () => {
      const { clock, samples } = standing()
      for (let index = 0; index < 30; index++) {
        samples.see({ topic: 't'.repeat(5_000), payload })
        clock.nowMs += 500
      }
      const list = samples.list()
      assert.ok(list.length > 0)
      assert.ok(Buffer.byteLength(JSON.stringify(list)) <= MAX_BYTES + 1_000)
      const few = name === 'a batch' || name === 'large numbers'
      assert.equal(list[0]!.cut, !few)
      if (name === 'a batch') assert.equal(list[0]!.records, 100_000)
    })
  }

  const circle: Record<string, unknown> = {}
  circle.self = circle
  const hostile: readonly [string, unknown][] = [
    ['a circle', circle],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no')
        }
      }
    ],
    ['a deep record', JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`)],
    ['a proxy that refuses', new Proxy({}, { ownKeys: () => assert.fail('no') })],
    ['nothing', undefined],
    ['a function', () => 1]
  ]
  for (const [name, payload] of hostile) {
    it(`do not fail for ${name}`, () => {
      const { samples } = standing()
      assert.doesNotThrow(() => samples.see({ payload }))
      assert.ok(samples.list().length <= 1)
    })
  }
})

describe('a written value', () => {
  const values: readonly [string, unknown][] = [
    ['bytes', Buffer.from([0, 255])],
    ['a large integer', 2n ** 80n],
    ['no number', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['a date', new Date(0)],
    ['what looks like written bytes', { $bytes: 'AAAA' }],
    ['what looks like that, twice', { $object: { $bytes: 'AAAA' } }],
    ['a field __proto__', JSON.parse('{"__proto__":{"x":1},"constructor":1}')],
    ['lists in lists', [[], [1, [null]]]],
    [
      'a Kafka message',
      { key: 'k', value: Buffer.from('v'), headers: { a: null }, [KAFKA_MESSAGE]: true }
    ]
  ]
  for (const [name, value] of values) {
    it(`comes back as it was: ${name}`, () => {
      const back = read(JSON.parse(JSON.stringify(new Writer(10_000).write({ value }))))
      assert.deepEqual(back, { value })
      assert.equal(({} as { x?: number }).x, undefined)
    })
  }

  for (const strange of [
    { $bytes: 5 },
    { $bigint: 'x' },
    { $bigint: '9'.repeat(100_000) },
    { $kafka: [] },
    { $object: null }
  ]) {
    it(`that nobody's writer made is a value too: ${JSON.stringify(strange).slice(0, 30)}`, () => {
      assert.deepEqual(read(strange), strange)
    })
  }
})
