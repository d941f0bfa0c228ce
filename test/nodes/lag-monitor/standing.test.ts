import assert from 'node:assert/strict'
import type { GroupLag } from '../../../core/kafka/admin/lag.ts'
import { Threshold } from '../../../nodes/lag-monitor/logic.ts'
import { StandingLags } from '../../../nodes/lag-monitor/standing.ts'

interface Look {
  readonly atS: number
  readonly end: number
  readonly committed: number
  readonly position?: number
  readonly members?: number
}

const lagOf = ({ end, committed, position, members = 1 }: Look): GroupLag => {
  const lag = end - (position ?? committed)
  const partition = {
    topic: 't',
    partition: 0,
    committed,
    ...(position === undefined ? {} : { position }),
    end,
    lag
  }
  return {
    group: 'g',
    kind: 'classic',
    state: members > 0 ? 'Stable' : 'Empty',
    members,
    partitions: [partition],
    total: lag
  }
}
const standingOf = (looks: readonly Look[]) => {
  const standing = new StandingLags()
  return looks.map(look => standing.of([lagOf(look)], look.atS * 1000)[0]!.standingLag)
}
/**
 * At 100 records a second, read at once and committed every `everyS` seconds, looked at every
 * `intervalS`.
 */
const caughtUp = (everyS: number, intervalS: number, phaseS: number, lookS = 120): Look[] =>
  Array.from({ length: Math.floor(lookS / intervalS) }, (_, index) => {
    const atS = phaseS + index * intervalS
    return { atS, end: Math.floor(atS * 100), committed: Math.floor(atS / everyS) * everyS * 100 }
  })

describe('lag-monitor: what is behind, and what is only not committed yet', () => {
  for (const everyS of [1, 5, 10]) {
    for (const intervalS of [1, 5, 10]) {
      for (const phaseS of [0.5, 0.95, 3.7]) {
        it(`a group that is caught up and commits every ${everyS} s is never behind, seen every ${intervalS} s from ${phaseS} s on`, () => {
          assert.deepEqual(new Set(standingOf(caughtUp(everyS, intervalS, phaseS))), new Set([0]))
        })
      }
    }
  }

  it('a member that commits every 30 s is behind once, until it has shown how long it takes', () => {
    const threshold = new Threshold(500)
    const standing = new StandingLags()
    const changes = caughtUp(30, 5, 1, 300).flatMap(look => {
      const lag = lagOf(look)
      return (
        threshold.change({
          ...lag,
          ...standing.of([lag], look.atS * 1000)[0]!,
          behindSeconds: null
        }) ?? []
      )
    })
    assert.deepEqual(changes, ['behind', 'recovered'])
  })

  const cases: [name: string, looks: Look[], last: number][] = [
    [
      'a group that commits and falls behind: what was there before its last commit',
      [
        { atS: 0, end: 1000, committed: 1000 },
        { atS: 10, end: 2000, committed: 1200 },
        { atS: 20, end: 3000, committed: 1400 }
      ],
      600
    ],
    [
      'a member that lives and commits nothing any more: all that was there at the look before',
      [0, 10, 20, 30].map(atS => ({ atS, end: 1000 + atS * 100, committed: 1000 })),
      2000
    ],
    [
      'a group without members',
      [
        { atS: 0, end: 10, committed: 10, members: 0 },
        { atS: 1, end: 18, committed: 10, members: 0 },
        { atS: 2, end: 18, committed: 10, members: 0 }
      ],
      8
    ],
    [
      'a group without members, at the first look',
      [{ atS: 0, end: 18, committed: 10, members: 0 }],
      8
    ],
    [
      'a member of this process that works: its position counts, not its commit',
      [
        { atS: 0, end: 1000, committed: 0, position: 1000 },
        { atS: 1, end: 1100, committed: 0, position: 1098 }
      ],
      0
    ],
    [
      'a member of this process that is held up',
      [
        { atS: 0, end: 1000, committed: 900, position: 1000 },
        { atS: 1, end: 1100, committed: 1000, position: 1000 },
        { atS: 2, end: 1200, committed: 1000, position: 1000 }
      ],
      100
    ],
    [
      'a topic that was made anew',
      [
        { atS: 0, end: 1000, committed: 1000 },
        { atS: 1, end: 5, committed: 5 }
      ],
      0
    ]
  ]
  for (const [name, looks, last] of cases)
    it(name, () => assert.equal(standingOf(looks).at(-1), last))

  it('tells how long ago the last commit was, where something is not committed', () => {
    const standing = new StandingLags()
    const age = (look: Look) => standing.of([lagOf(look)], look.atS * 1000)[0]!.commitAgeSeconds
    assert.deepEqual(
      [
        age({ atS: 0, end: 10, committed: 10 }),
        age({ atS: 5, end: 20, committed: 15 }),
        age({ atS: 8, end: 30, committed: 15 }),
        age({ atS: 9, end: 30, committed: 15, position: 29 })
      ],
      [null, 0, 3, null]
    )
  })

  it('alerts on seconds behind, and never where nothing stands', () => {
    const threshold = new Threshold(1000, 60)
    const looks: [standingLag: number, behindSeconds: number][] = [
      [0, 5000],
      [5, 59],
      [5, 61],
      [5, 31],
      [5, 29]
    ]
    assert.deepEqual(
      looks.map(([standingLag, behindSeconds]) =>
        threshold.change({ group: 'g', total: 5, standingLag, behindSeconds })
      ),
      [undefined, undefined, 'behind', undefined, 'recovered']
    )
  })
})
