import assert from 'node:assert/strict'
import fc from 'fast-check'
import { numberIn, numberWithComma } from '../../../core/record/number-text.ts'

describe('numbers written as text', () => {
  const point: [text: string, number: number | undefined][] = [
    ['23.5', 23.5],
    [' -1.5e3 ', -1500],
    ['+7', 7],
    ['.5', 0.5],
    ['5.', 5],
    ['007', 7],
    ['0.000', 0],
    ['1e20', 1e20],
    ['100000000000000000000', 1e20],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', undefined],
    ['12345678901234567890', undefined],
    ['-12345678901234567890', undefined],
    ['1234567890123456.789', undefined],
    ['9007199254740995.5', undefined],
    ['0.12345678901234567890123', undefined],
    ['23.399999618530273', 23.399999618530273],
    ['23.3999996185302734375', 23.399999618530273],
    ['0.10000000000000000555', 0.1],
    ['21.500000000000000000000', 21.5],
    ['1e999', undefined],
    ['1e-400', undefined],
    ['\u22125.5', -5.5],
    ['5\u2212', undefined],
    ['', undefined],
    ['.', undefined],
    ['1,5', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['1'.repeat(100_000), undefined]
  ]
  for (const [text, number] of point)
    it(`"${text.slice(0, 30)}" is ${number}`, () => assert.equal(numberIn(text), number))

  const comma: [text: string, number: number | undefined][] = [
    ['23,5', 23.5],
    ['1.234', 1234],
    ['1.234,5', 1234.5],
    ['-1.234.567,89', -1234567.89],
    ['1 234,5', 1234.5],
    ['1\u202f234,5', 1234.5],
    ["1'234,5", 1234.5],
    [',5', 0.5],
    ['\u22121\u00a0234,5', -1234.5],
    ['\u2212,5', -0.5],
    ['1\u2009234,5', 1234.5],
    ['42', 42],
    ['1,5e3', 1500],
    ['21.5', undefined],
    ['0.123', undefined],
    ['1.23,4', undefined],
    ['1.2345', undefined],
    ['1234.567', undefined],
    ['1.234 567', undefined],
    ['1,234.5', undefined],
    ['1,2,3', undefined],
    ['12.345.678.901.234.567.890', undefined],
    ['192.168.100.200', undefined],
    ['192.168.1.10', undefined],
    ['10.100.200.255', undefined],
    ['10.100.200.256', 10100200256],
    ['-10.100.200.255', -10100200255],
    ['10.100.200.255,0', 10100200255],
    ['10 100 200 255', 10100200255],
    ['1.234.567.890', 1234567890],
    ['1.234.567', 1234567],
    ['1.234.56', undefined],
    ['1.23.456', undefined],
    ['1234.567.890', undefined],
    ['12.34.56', undefined],
    ['0.234.567', undefined],
    ['1.234.', undefined],
    ['1..234', undefined],
    ['.234', undefined],
    ['v1.234', undefined],
    ['1.2.3', undefined],
    ['12.03.2024', undefined],
    ['2024.001', undefined],
    ['1.234e5', undefined],
    ['1.234,5e3', undefined],
    ['1.234.567-1', undefined],
    ['00:1A:2B', undefined],
    ['', undefined],
    [',', undefined],
    ['.,', undefined]
  ]
  for (const [text, number] of comma)
    it(`"${text}" with a decimal comma is ${number}`, () =>
      assert.equal(numberWithComma(text), number))

  it('reads back whatever a number is written as', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
        // -0 is written as 0
        assert.equal(numberIn(String(number)), number === 0 ? 0 : number)
      })
    )
  })

  it('never gives a whole number that is written otherwise', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 69n), max: 2n ** 69n }), whole => {
        const read = numberIn(String(whole))
        assert.ok(read === undefined || String(read) === String(whole))
      })
    )
  })
})
