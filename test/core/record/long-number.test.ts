import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isExact } from '../../../core/record/exact-number.ts'
import { mayChange } from '../../../core/record/long-number.ts'

const exact = [
  '0',
  '-0.0',
  '9007199254740991',
  '1e21',
  '1.5e300',
  '0.1',
  '21.300000000000001',
  '1.7244426185692037e18',
  '100000000000000000000'
]
const changed = [
  '9007199254740993',
  '-9007199254740993',
  '9007199254740993.0',
  '12345678901234567890.123',
  '0.1234567890123456789',
  '1e-400',
  '1e400',
  '1152921504606846976'
]

describe('numbers that a double would change', () => {
  for (const text of exact) it(`${text} is read as it is`, () => assert.equal(isExact(text), true))
  for (const text of changed) it(`${text} is not`, () => assert.equal(isExact(text), false))

  it('are exact where JavaScript wrote them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value =>
        assert.ok(isExact(String(value)))
      )
    )
  })

  it('are never overlooked in a text', () => {
    const number = fc
      .tuple(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.nat(12),
        fc.constantFrom('', 'e5', 'E-200', 'e-7', 'e-330'),
        fc.boolean()
      )
      .map(([digits, places, power, isNegative]) => {
        const text = String(digits).padStart(places + 1, '0')
        const point = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
        return `${isNegative ? '-' : ''}${point}${power}`
      })
    fc.assert(
      fc.property(fc.string(), number, (before, text) => {
        const json = `{${JSON.stringify(before)}:${text}}`
        assert.equal(mayChange(json, Buffer.from(json)), mayChange(json))
        if (!isExact(text)) assert.ok(mayChange(json), text)
      }),
      { numRuns: 2000 }
    )
  })

  it('takes the usual names and numbers for what they are, so that they are not looked at twice', () => {
    for (const text of [
      '{"device_id":"acme-site-04-pressing-machine-00003","value":3,"ts":1750000000003}',
      '{"device_id":"device-000","value":-1.5e-3}',
      '{"value":21.25,"ts":1750000000003,"e":-100}'
    ])
      assert.equal(mayChange(text), false, text)
    assert.equal(mayChange('{"value":1e-400}'), true)
    assert.equal(mayChange('{"value":1.E-324}'), true)
  })
})
