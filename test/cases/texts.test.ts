import assert from 'node:assert/strict'
import { OptionsError } from '../../core/options-error.ts'
import { ingested, validated } from './way.ts'

describe('cases: one text or list does not freeze the process', () => {
  const a = (times: number) => 'a'.repeat(times)
  const patterns: [name: string, pattern: string, text: string][] = [
    ['pattern-device-id', '^([a-zA-Z0-9]+[-_]?)+$', `${a(40)}!`],
    [
      'pattern-list-of-names',
      '^(([a-z0-9.-]+)(,|,\\s)?)+$',
      'gateway-01.hall-a.example.node.one-two-three/unit.htm?x=1'
    ],
    ['nested repeats', '(a+)+$', `${a(50)}b`],
    ['choices that overlap', '^(a|aa)+$', `${a(60)}b`],
    ['two in a row', '^a*a*a*a*a*a*b$', a(5000)],
    ['blanks at both ends', '^\\s+|\\s+$', `${' '.repeat(20_000)}x${' '.repeat(20_000)}x`],
    ['an address', '^([\\w.]+)+@[a-z.]+$', `${a(40)}@`],
    ['a number', '^(\\d+)*$', `${'1'.repeat(40)}x`]
  ]
  for (const [name, pattern, text] of patterns) {
    it(`${name}: ${pattern} is refused at deploy, or ends within 50 ms`, () => {
      const check = () => validated({ s: { type: 'string', pattern } }, { s: text })
      try {
        check()
      } catch (error) {
        assert.ok(error instanceof OptionsError)
        return
      }
      assert.ok(quickest(check) < 50)
    })
  }

  const lists: [name: string, property: object, value: unknown][] = [
    [
      'twins of objects',
      { type: 'array', uniqueItems: true },
      Array.from({ length: 20_000 }, (_, i) => ({ i }))
    ],
    ['twins of lists', { uniqueItems: true }, Array.from({ length: 20_000 }, (_, i) => [i])],
    ['an address of many parts', { type: 'string', format: 'email' }, `${'a.'.repeat(20_000)}@b`],
    ['a host of many parts', { type: 'string', format: 'hostname' }, 'a.'.repeat(20_000)],
    ['a long time', { type: 'string', format: 'date-time' }, '2'.repeat(100_000)]
  ]
  for (const [name, property, value] of lists)
    it(`${name} of a record ends within 50 ms`, () =>
      assert.ok(quickest(() => validated({ s: property }, { s: value })) < 50))

  /** Time of the processor, without compiling and collecting. */
  function quickest(work: () => void): number {
    const took = [1, 2, 3].map(() => {
      const began = process.cpuUsage()
      work()
      const { user, system } = process.cpuUsage(began)
      return (user + system) / 1000
    })
    return Math.min(...took)
  }
})

describe('cases: C strings with trailing NULs', () => {
  const json = '{"device_id":"d","metric":"t","value":1,"ts":1708700000}'
  for (const length of [57, 64, 160, 4096]) {
    it(`trailing-nul: JSON in a buffer of ${length} bytes is the record`, () => {
      const buffer = Buffer.alloc(length)
      buffer.write(json)
      assert.deepEqual(ingested(buffer), JSON.parse(json))
    })
  }

  const others: [name: string, payload: string, expected: unknown][] = [
    ['white space before them', '{"a":1}\r\n\0\0', { a: 1 }],
    ['a line end behind them', '{"a":1}\0\0\n', { a: 1 }],
    ['white space on both sides', '{"a":1} \0 \0\r\n', { a: 1 }],
    ['a byte order mark too', '\uFEFF{"a":1}\0', { a: 1 }],
    ['nothing but NULs', '\0\0\0', 'JSON_INVALID'],
    ['a NUL inside', '{"a":1}\0{"a":2}\0', 'JSON_INVALID'],
    ['a NUL in a text', '{"a":"x\\u0000"}\0', { a: 'x\0' }]
  ]
  for (const [name, payload, expected] of others)
    it(`${name}: ${JSON.stringify(payload)}`, () => assert.deepEqual(ingested(payload), expected))
})
