import assert from 'node:assert/strict'
import fc from 'fast-check'
import { jsonText } from '../../../core/record/json-write.ts'
import { ParseFailure, parseRecord } from '../../../core/record/parse-record.ts'
import { asRead, passedOn } from '../../../core/record/passed-on.ts'

type Fields = Record<string, unknown>
const NOTE = 'n'.repeat(600)

/** What is written of a record that was read from this text and changed; undefined for all anew. */
function written(text: string, change: (record: Fields) => void): string | undefined {
  const bytes = Buffer.from(text)
  const record = parseRecord(bytes)
  if (record instanceof ParseFailure) return undefined
  const read = asRead(bytes, record)
  change(record)
  return read && passedOn(bytes, read, record)?.toString()
}
const nothing = () => undefined

const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null)
)
const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter(text => text !== '__proto__')
const fields = fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true })
const change = fc.record({
  name: fc.oneof(name, fc.constantFrom('note', 'value', 'ts_utc', '0')),
  value: fc.option(fc.oneof(value, fields, fc.bigInt()), { nil: undefined })
})

describe('core/record/passed-on', () => {
  it('says what JSON.stringify says, whatever was added, changed or taken away', () => {
    let passed = 0
    fc.assert(
      fc.property(fields, fc.array(change, { maxLength: 3 }), (some, changes) => {
        const text = JSON.stringify({ ...some, note: NOTE })
        const record = JSON.parse(text) as Fields
        const apply = (to: Fields) => {
          for (const { name, value } of changes) {
            if (value === undefined) delete to[name]
            else to[name] = value
          }
        }
        apply(record)
        const found = written(text, apply)
        if (found === undefined) return
        passed++
        assert.equal(found, jsonText(record))
      })
    )
    assert.ok(passed > 0)
  })

  it('keeps numbers, spaces and characters as they were sent', () => {
    const text = `{ "value": 21.50, "unit": "°C",  "note": "${NOTE}"}`
    const found = written(text, record => Object.assign(record, { ts_utc: 'now', gone: undefined }))
    assert.equal(found, `${text.slice(0, -1)},"ts_utc":"now"}`)
  })

  it('keeps escapes as they were sent', () => {
    const text = `{"\\u0061":"\\"\\u00b0\\\\","note":"${NOTE}"}`
    const found = written(text, record => Object.assign(record, { b: '"' }))
    assert.equal(found, `${text.slice(0, -1)},"b":"\\""}`)
  })

  for (const [what, text] of Object.entries({
    'a name that stands twice': `{"value":1,"note":"${NOTE}","value":2}`,
    'a name that stands twice, once with an escape': `{"a":1,"note":"${NOTE}","\\u0061":2}`,
    'an object, which may be changed in place': `{"at":{"lat":1},"note":"${NOTE}"}`,
    'a list': `{"at":[1],"note":"${NOTE}"}`,
    'white space behind it': `{"note":"${NOTE}"}\n`,
    'few bytes': '{"value":1}'
  })) {
    it(`all is written anew for ${what}`, () => assert.equal(written(text, nothing), undefined))
  }

  it('a field that gave its value to another name is not passed on under the old one', () => {
    const text = `{"a":1,"b":1,"note":"${NOTE}"}`
    assert.equal(
      written(text, record => {
        delete record.a
        record.c = 1
      }),
      undefined
    )
  })
})
