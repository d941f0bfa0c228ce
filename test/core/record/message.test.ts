import assert from 'node:assert/strict'
import { answer, countOf, recordsOf } from '../../../core/record/message.ts'

describe('batch', () => {
  it('counts one record, or those of an array', () => {
    assert.deepEqual([countOf({}), countOf([]), countOf([1, 2])], [1, 0, 2])
    assert.deepEqual(recordsOf(5), [5])
  })

  const TOKEN = Symbol('token')
  it('answers in kind: object in, object out; array in, array out; and keeps the rest of the message', () => {
    const [one, none] = answer({ payload: { a: 1 }, topic: 't', [TOKEN as unknown as string]: 1 }, [
      [{ b: 1 }],
      []
    ])
    assert.deepEqual([one?.payload, one?.topic, none], [{ b: 1 }, 't', null])
    assert.equal((one as Record<symbol, unknown>)[TOKEN], 1)
    const [many, rejected] = answer({ payload: [1, 2, 3] }, [[1, 3], [2]])
    assert.deepEqual([many?.payload, rejected?.payload], [[1, 3], [2]])
  })

  it('gives an array where one record became several', () => {
    assert.deepEqual(answer({ payload: {} }, [[1, 2]])[0]?.payload, [1, 2])
  })
})
