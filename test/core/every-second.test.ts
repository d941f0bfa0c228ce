import assert from 'node:assert/strict'
import { everySecond } from '../../core/every-second.ts'
import { until } from '../until.ts'

describe('every second', () => {
  it('all are called at the same moment, each until it ends', async () => {
    const called: string[] = []
    const turns = new Set<number>()
    let turn = 0
    const count = setInterval(() => turn++, 1)
    const act = (name: string) => () => {
      called.push(name)
      turns.add(turn)
    }
    const ends = [everySecond(act('a'))]
    await new Promise(resolve => setTimeout(resolve, 100))
    ends.push(everySecond(act('b')))
    await until('both', () => called.length === 2, 3000, 5)
    assert.deepEqual([called, turns.size], [['a', 'b'], 1])
    ends[0]!()
    await until('the one that is left', () => called.length === 3, 3000, 5)
    assert.deepEqual(called, ['a', 'b', 'b'])
    ends[1]!()
    clearInterval(count)
  })
})
