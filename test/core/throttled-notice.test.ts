import assert from 'node:assert/strict'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { until } from '../until.ts'

describe('a word a minute', () => {
  function heardWith(silenceMs?: number) {
    const heard: string[] = []
    const word = new ThrottledNotice((records, why) => heard.push(`${records}: ${why}`), silenceMs)
    return { heard, word }
  }

  it('tells of the first at once, and of the others together', async () => {
    const { heard, word } = heardWith(20)
    word.add(1, 'a')
    word.add(2, 'b')
    word.add(3, 'c')
    assert.deepEqual(heard, ['1: a'])
    await until('the rest', () => heard.length === 2, 2000, 1)
    assert.equal(heard[1], '5: b')
  })

  it('tells the rest at the end, if there is one', () => {
    const { heard, word } = heardWith()
    word.add(1, 'a')
    word.end()
    word.add(2, 'b')
    word.add(2, 'c')
    word.end()
    assert.deepEqual(heard, ['1: a', '2: b', '2: c'])
  })
})
