import assert from 'node:assert/strict'
import { Lane } from '../../../core/state/lane.ts'

const counted = { attempt: undefined, answer: null }
const answered = { attempt: undefined, answer: [{ output: 0 }] }

/** A lane that was kept and taken up again. */
function again(lane: Lane, disk: Map<string, string>): Lane {
  const changes = new Map<string, string | undefined>()
  lane.write(changes)
  for (const [key, value] of changes) {
    if (value === undefined) disk.delete(key)
    else disk.set(key, value)
  }
  const fresh = new Lane(lane.name)
  for (const [key, value] of disk) {
    if (key.startsWith('l:')) fresh.load(value)
    else fresh.loadChunk(key, value)
  }
  return fresh
}

describe('which records of a partition are counted', () => {
  it('tells what was counted from what never came, behind it and before it', () => {
    const lane = new Lane('t/0')
    for (const offset of [5, 6, 9]) lane.add(offset, offset, counted, offset)
    const found = [4, 5, 6, 7, 9, 10].map(offset => lane.get(offset, offset, offset) !== undefined)
    assert.deepEqual(found, [false, true, true, false, true, false])
  })

  it('takes what the source has settled for counted, whether it came or not', () => {
    const lane = new Lane('t/0')
    for (const offset of [5, 9]) lane.add(offset, offset, counted, offset)
    lane.settledBefore(9)
    assert.deepEqual([lane.get(7, 7, 7), lane.size], [null, 1])
    assert.equal(lane.get(9, 9, 9), counted)
  })

  it('keeps ranges, places and answers, and removes from the disk what is settled', () => {
    const disk = new Map<string, string>()
    let lane = new Lane('t/0')
    for (let offset = 0; offset < 1000; offset++) lane.add(offset, offset, counted, offset)
    lane.add(1000, '1000/a', counted, 1000)
    lane.add(1001, 1001, answered, 1001)
    lane = again(lane, disk)
    assert.equal([...disk.values()].join('').length < 300, true)
    assert.deepEqual(lane.get(999, 999, 999), counted)
    assert.deepEqual(lane.get(1000, '1000/a', 1000), counted)
    assert.equal(lane.get(1000, '1000/b', 1000), undefined)
    assert.deepEqual(lane.get(1001, 1001, 1001), answered)
    lane.settledBefore(5000)
    lane = again(lane, disk)
    assert.deepEqual([...disk.keys()], ['l:t/0'])
    assert.equal(lane.get(10, 10, 10), null)
  })

  it('knows a topic that was made anew by its times', () => {
    const disk = new Map<string, string>()
    let lane = new Lane('t/0')
    for (const offset of [0, 1, 2]) lane.add(offset, offset, counted, 1000 + offset)
    lane.settledBefore(3)
    assert.equal(lane.get(1, 1, 1001), null)
    assert.equal(lane.get(1, 1, 5000), undefined)
    lane.add(1, 1, counted, 5000)
    lane = again(lane, disk)
    assert.deepEqual([lane.get(1, 1, 5000), lane.get(0, 0, 5001)], [counted, undefined])
  })

  it('keeps within its bound where no source says what is settled', () => {
    const lane = new Lane('t/0')
    for (let offset = 0; offset < 250_000; offset++) lane.add(offset, offset, counted, offset)
    assert.ok(lane.size > 150_000 && lane.size <= 200_000)
  })
})
