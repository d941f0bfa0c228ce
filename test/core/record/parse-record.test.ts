import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_DEPTH, ParseFailure, parseRecord } from '../../../core/record/parse-record.ts'

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
const nestedArrays = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`

const refused: readonly [name: string, bytes: string | Buffer, code: string, path?: string][] = [
  ['no bytes', '', 'PAYLOAD_EMPTY'],
  ['white space', '  \n', 'JSON_INVALID'],
  ['rubbish', 'hello', 'JSON_INVALID'],
  ['cut off', '{"value":23.', 'JSON_INVALID'],
  ['two values', '{}{}', 'JSON_INVALID'],
  ['NaN', '{"value":NaN}', 'JSON_INVALID', 'value'],
  ['a NUL byte before the JSON', '\u0000{"value":1}', 'JSON_INVALID'],
  ['nothing but NUL bytes', '\u0000\u0000', 'JSON_INVALID'],
  ['an integer beyond 2^53', '{"a":{"id":2882429806056571124}}', 'NUMBER_INEXACT', 'a.id'],
  ['a decimal of 23 digits', '{"exact":12345678901234567890.123}', 'NUMBER_INEXACT', 'exact'],
  ['a number that is read as 0', '{"a":[1e-400]}', 'NUMBER_INEXACT', 'a.0'],
  ['a number beyond double precision', '{"a":{"b":[1,1e999]}}', 'JSON_INVALID', 'a.b.1'],
  ['half of a surrogate pair', '{"a":["x\\ud800y"]}', 'JSON_INVALID', 'a.0'],
  ['half of a surrogate pair in a name', '{"x\\udfff":1}', 'JSON_INVALID', 'x\udfff'],
  [
    'bytes that are not UTF-8',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    'JSON_INVALID'
  ],
  ['UTF-16', Buffer.from('{"value":1}', 'utf16le'), 'JSON_INVALID'],
  ['a number', '23.5', 'NOT_A_RECORD'],
  ['a string', '"on"', 'NOT_A_RECORD'],
  ['null', 'null', 'NOT_A_RECORD'],
  ['an array', '[{"value":1}]', 'NOT_A_RECORD'],
  ['__proto__', '{"__proto__":{"admin":true}}', 'KEY_FORBIDDEN', '__proto__'],
  ['__proto__ written with an escape', '{"\\u005f_proto__":1}', 'KEY_FORBIDDEN', '__proto__'],
  ['__proto__ deep down', '{"a":[{"b":{"__proto__":1}}]}', 'KEY_FORBIDDEN', 'a.0.b.__proto__'],
  ['one level too deep', nested(MAX_DEPTH + 1), 'PAYLOAD_TOO_DEEP'],
  ['arrays too deep', nestedArrays(MAX_DEPTH), 'PAYLOAD_TOO_DEEP'],
  ['10,000 levels', nested(10_000), 'PAYLOAD_TOO_DEEP'],
  ['10,000 levels of arrays', nestedArrays(10_000), 'PAYLOAD_TOO_DEEP']
]

const accepted: readonly [name: string, bytes: string | Buffer, record: unknown][] = [
  [
    'a reading',
    '{"device_id":"d1","metric":"t","value":23.5,"ts":1708700000000}',
    { device_id: 'd1', metric: 't', value: 23.5, ts: 1708700000000 }
  ],
  ['an empty object', '{}', {}],
  ['white space around', ' {"value":1}\r\n', { value: 1 }],
  ['a byte order mark', '\uFEFF{"value":1}', { value: 1 }],
  ['letters beyond ASCII', '{"place":"Zürich 🏭"}', { place: 'Zürich 🏭' }],
  ['a whole surrogate pair', '{"place":"\\ud83c\\udfed"}', { place: '🏭' }],
  ['U+FFFD that the device sent', '{"place":"\uFFFD"}', { place: '\uFFFD' }],
  ['a NUL escaped in a string', '{"device_id":"d\\u0000"}', { device_id: 'd\u0000' }],
  ['constructor as a value', '{"role":"constructor"}', { role: 'constructor' }],
  [
    'constructor and prototype as fields',
    '{"constructor":{"prototype":1}}',
    { constructor: { prototype: 1 } }
  ],
  ['NUL bytes after the JSON', '{"value":1}\u0000\u0000\u0000', { value: 1 }],
  [
    'the largest integer of which all are held',
    '{"id":9007199254740991}',
    { id: 9007199254740991 }
  ],
  ['an id of 19 digits as text', '{"id":"2882429806056571124"}', { id: '2882429806056571124' }],
  ['a double with 17 digits', '{"v":0.30000000000000004}', { v: 0.30000000000000004 }],
  ['a double as C prints it', '{"v":21.300000000000001}', { v: 21.3 }],
  ['a place with zeros', '{"v":51.50853000000000000}', { v: 51.50853 }],
  ['the deepest allowed', nested(MAX_DEPTH), JSON.parse(nested(MAX_DEPTH))]
]

describe('core/record/parse-record', () => {
  for (const [name, bytes, code, path] of refused) {
    it(`refuses ${name} as ${code}`, () => {
      const failure = parseRecord(Buffer.from(bytes as string))
      assert.ok(failure instanceof ParseFailure)
      assert.equal(failure.code, code)
      assert.equal(failure.path, path)
      assert.match(failure.message, /^[A-Z].*\.$/s)
    })
  }

  for (const [name, bytes, record] of accepted) {
    it(`takes ${name}`, () => {
      assert.deepEqual(parseRecord(Buffer.from(bytes as string)), record)
    })
  }

  it('never throws, and gives an object or a reason for any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text))
        ),
        bytes => {
          const parsed = parseRecord(Buffer.from(bytes))
          assert.ok(
            parsed instanceof ParseFailure || (typeof parsed === 'object' && !Array.isArray(parsed))
          )
        }
      )
    )
  })

  it('gives what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), object => {
        const text = JSON.stringify(object)
        const parsed = parseRecord(Buffer.from(text))
        if (!(parsed instanceof ParseFailure)) assert.equal(JSON.stringify(parsed), text)
        else assert.equal(parsed.code, 'KEY_FORBIDDEN')
      })
    )
  })
})
