import assert from 'node:assert/strict'
import { getter, isFieldPath, setField } from '../../../core/record/field-path.ts'

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
    it(`${path} of ${JSON.stringify(record)} is ${value}`, () => assert.equal(getter(path)(record), value))
  }

  it('refuses empty steps and what reaches a prototype', () => {
    for (const path of ['', '.', 'a.', 'a..b', '__proto__', 'a.constructor', 'prototype.b']) assert.equal(isFieldPath(path), false, path)
    for (const path of ['a', 'a.b', 'a b', 'ä.0']) assert.equal(isFieldPath(path), true, path)
  })

  it('sets a field, and makes the objects on the way', () => {
    const record = { a: 5 }
    setField(record, 'b.c.d', 1)
    setField(record, 'a', 6)
    assert.deepEqual(record, { a: 6, b: { c: { d: 1 } } })
  })
})
