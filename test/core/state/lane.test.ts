import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { attemptOf, CountedRecords } from '../../../core/state/counted-records.ts'
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

  it('keeps within its bound where no source says what is settled, on the disk too', () => {
    const disk = new Map<string, string>()
    let lane = new Lane('t/0')
    for (let offset = 0; offset < 250_000; offset++) {
      lane.add(offset, offset, counted, offset)
      if (offset % 25_000 === 0) lane = again(lane, disk)
    }
    assert.ok(lane.size >= 100_000 && lane.size <= 300_000, `${lane.size} in memory`)
    assert.ok(disk.size < 12, `${disk.size} on the disk`)
    assert.equal(lane.get(249_999, 249_999, 1), counted)
  })

  it('takes nothing for settled that never came, where no source says what is settled', () => {
    const lane = new Lane('t/0')
    const isNew = (offset: number) => {
      if (lane.get(offset, offset, offset) !== undefined) return false
      lane.add(offset, offset, counted, offset)
      return true
    }
    // What is new, and beside it what has waited.
    const wrong: number[] = []
    for (let n = 0; n < 150_000; n++)
      for (const offset of [600_000 + n, 100_000 + n]) if (!isNew(offset)) wrong.push(offset)
    assert.deepEqual(wrong, [])
    assert.deepEqual([749_999, 249_999].map(isNew), [false, false])
  })

  it('forgets what is settled, also where it came behind what is newer', () => {
    const lane = new Lane('t/0')
    lane.add(500_000, 500_000, answered, 1)
    for (let offset = 0; offset < 50_000; offset++) {
      lane.add(offset, offset, answered, 1)
      lane.settledBefore(offset)
    }
    assert.ok(lane.size < 5_000, `${lane.size} in memory`)
    assert.equal(lane.get(500_000, 500_000, 1), answered)
  })

  it('knows what a set of offsets knows, in whatever order they come and with whatever gaps', () => {
    const happening = fc.oneof(
      { weight: 8, arbitrary: fc.record({ add: fc.nat(120), isAnswered: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ addAll: fc.nat(100), count: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.constant('settle' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) }
    )
    const isSilent = (offset: number) => offset % 10 === 3
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), happenings => {
        const disk = new Map<string, string>()
        const known = new Set<number>()
        let lane = new Lane('t/0')
        let floor = 0
        const count = (offset: number, isAnswered: boolean) => {
          const isNew = lane.get(offset, offset, 1) === undefined
          assert.equal(isNew, offset >= floor && !known.has(offset), `${offset} is new`)
          if (isNew) lane.add(offset, offset, isAnswered ? answered : counted, 1)
          if (offset >= floor) known.add(offset)
        }
        for (const next of happenings) {
          if (next === 'restart') lane = again(lane, disk)
          else if (next === 'settle') {
            while (known.has(floor) || isSilent(floor)) floor++
            lane.settledBefore(floor)
          } else if ('add' in next) {
            if (!isSilent(next.add)) count(next.add, next.isAnswered)
          } else {
            for (let offset = next.addAll; offset <= next.addAll + next.count; offset++)
              if (!isSilent(offset)) count(offset, false)
          }
          for (let offset = 0; offset < 140; offset++)
            assert.equal(
              lane.get(offset, offset, 1) === undefined,
              offset >= Math.min(floor, Math.max(-1, ...known) + 1) && !known.has(offset),
              `${offset} with ${JSON.stringify(next)}`
            )
        }
      }),
      { numRuns: 300 }
    )
  })

  it('knows a topic that was made anew, though no source says what is settled', () => {
    const lane = new Lane('t/0')
    for (const offset of [0, 1, 2]) lane.add(offset, offset, counted, 1000 + offset)
    assert.equal(lane.get(1, 1, 1001), counted)
    for (const offset of [0, 1, 2]) {
      assert.equal(lane.get(offset, offset, 5000), undefined)
      lane.add(offset, offset, counted, 5000)
    }
    assert.equal(lane.get(0, 0, 5000), counted)
  })
})

describe('records that were made of one', () => {
  it('are known at the next attempt, though a node on the way puts them together anew', () => {
    const origin = { kind: 'mqtt', topic: 't', qos: 1, retained: false } as const
    const at = () => ({ origin, key: null, headers: {}, raw: null })
    const records = new CountedRecords()
    const taken = {}
    const found = [1, 2].map(() => {
      const attempt = attemptOf({}, taken)
      return [0, 1].map(index => {
        const made = { [PROVENANCE]: new Provenance({ at, isMade: true }, 0) }
        const what = records.find(made, index, attempt)
        if (what === 'new') records.count(null, attempt)
        return what
      })
    })
    assert.deepEqual(found, [
      ['new', 'new'],
      ['settled', 'settled']
    ])
  })

  it('are told apart at each attempt, and looked up a few times each', () => {
    const origin = { kind: 'kafka', topic: 't', partition: 0, offset: '5', timestamp: '9' } as const
    const at = () => ({ origin, key: null, headers: {}, raw: null })
    const made = Array.from({ length: 500 }, () => ({ [PROVENANCE]: new Provenance({ at }, 0) }))
    const { get } = Lane.prototype
    let looks = 0
    Lane.prototype.get = function (...asked) {
      looks++
      return get.apply(this, asked)
    }
    try {
      const records = new CountedRecords()
      for (const isFirst of [true, false, false]) {
        const attempt = attemptOf({}, undefined)
        for (const [index, record] of made.entries()) {
          const found = records.find(record, index, attempt)
          if (isFirst) {
            assert.equal(found, 'new')
            records.count([{ output: index }], attempt)
          } else assert.deepEqual(found, [{ output: index }])
        }
      }
    } finally {
      Lane.prototype.get = get
    }
    assert.ok(looks < 4_000, `${looks} looks`)
  })
})
