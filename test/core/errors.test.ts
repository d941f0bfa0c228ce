import assert from 'node:assert/strict'
import { reasonOf } from '../../core/errors.ts'

describe('the text of whatever was thrown', () => {
  const cases: readonly [thrown: unknown, text: string][] = [
    [new Error('no room'), 'no room'],
    ['no room', 'no room'],
    [undefined, 'undefined'],
    [{ toString: 1 }, '[object Object]'],
    [Object.create(null), '[object Object]'],
    [new AggregateError([new Error('a'), { toString: null }]), 'a; [object Object]']
  ]
  for (const [thrown, text] of cases)
    it(`is there in any case: ${text}`, () => assert.equal(reasonOf(thrown), text))
})
