import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  getter,
  isFieldPath,
  pathOf,
  setField,
  setter,
  stepsOf
} from '../../../core/record/field-path.ts'

describe('field paths', () => {
  const cases: [string, unknown, unknown][] = [
    ['a', { a: 1 }, 1],
    ['a.b', { a: { b: 2 } }, 2],
    ['a.0.b', { a: [{ b: 3 }] }, 3],
    ['a.b', { a: null }, undefined],
    ['a.b', { a: 'text' }, undefined],
    ['toString', {}, undefined],
    ['a', null, undefined],
    ['a', 'text', undefined],
    ['length', 'text', undefined]
  ]
  for (const [path, record, value] of cases) {
    it(`${path} of ${JSON.stringify(record)} is ${value}`, () =>
      assert.equal(getter(path)(record), value))
  }

  it('refuses empty steps and what reaches a prototype', () => {
    for (const path of ['', '.', 'a.', 'a..b', '__proto__', 'a.__proto__', '__proto__.b'])
      assert.equal(isFieldPath(path), false, path)
    for (const path of ['a', 'a.b', 'a b', 'ä.0', 'constructor', 'a.prototype'])
      assert.equal(isFieldPath(path), true, path)
  })

  it('sets a field, and makes the objects on the way', () => {
    const record = { a: 5 }
    setField(record, 'b.c.d', 1)
    setField(record, 'a', 6)
    assert.deepEqual(record, { a: 6, b: { c: { d: 1 } } })
  })

  const quoted: [path: string, steps: readonly string[] | undefined][] = [
    ['VINDRIKTNING["PM2.5"]', ['VINDRIKTNING', 'PM2.5']],
    ['VINDRIKTNING.PM2\\.5', ['VINDRIKTNING', 'PM2.5']],
    ['["battery.voltage"]', ['battery.voltage']],
    ['battery\\.voltage', ['battery.voltage']],
    ['["a"]["b.c"].d', ['a', 'b.c', 'd']],
    ['a.["b.c"]', ['a', 'b.c']],
    ['["say \\"hi\\"]"]', ['say "hi"]']],
    ['["\\u0041.b"]', ['A.b']],
    ['values[0].x', ['values[0]', 'x']],
    ['C:\\temp', ['C:\\temp']],
    ['a\\.b["c"]', ['a.b', 'c']],
    ['a["b', undefined],
    ['a["b"]c', undefined],
    ['a["b"]..c', undefined],
    ['a["b"].', undefined],
    ['["a\\x"]', undefined],
    ['a[""]', undefined]
  ]
  for (const [path, steps] of quoted)
    it(`${path} leads by ${JSON.stringify(steps)}`, () => assert.deepEqual(stepsOf(path), steps))

  it('reads and sets a name with a dot', () => {
    const record = { VINDRIKTNING: { 'PM2.5': 5 }, 'battery.voltage': 12 }
    assert.equal(getter('VINDRIKTNING["PM2.5"]')(record), 5)
    assert.equal(getter('battery\\.voltage')(record), 12)
    setter('VINDRIKTNING["PM2.5"]')(record, 6)
    setField(record, '["battery.voltage"]', 13)
    assert.deepEqual(record, { VINDRIKTNING: { 'PM2.5': 6 }, 'battery.voltage': 13 })
  })

  it('refuses what reaches a prototype however it is written', () => {
    for (const path of ['["__proto__"]', 'a["__proto__"].b', '["\\u005f_proto__"]'])
      assert.equal(isFieldPath(path), false, path)
  })

  it('finds any names again that it wrote as a path', () => {
    const names = fc.array(
      fc.string({ minLength: 1, unit: fc.constantFrom('a', '.', '[', ']', '"', '\\', ' ', 'é') }),
      { minLength: 1 }
    )
    fc.assert(fc.property(names, steps => assert.deepEqual(stepsOf(pathOf(steps)), steps)))
  })
})
