/**
 * Whatever the order, the restarts and what comes again: the joined records are those that a plain
 * look at all of them gives.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { join } from '../../../nodes/join/logic.ts'
import { spec } from '../../../nodes/join/spec.ts'
import { FlakyWorld } from '../../core/state/flaky-world.ts'
import { happenings } from '../../core/state/happenings.ts'
import { at, joinOf, SILENCE, told } from './join-of.ts'

const WITHIN_S = 7

interface Drawn {
  readonly second: number
  readonly device: string
  readonly metric: string
  readonly partition: number
}

/** No two of one device and input at the same time, in the order of time. */
const readings = fc
  .uniqueArray(
    fc.record({
      second: fc.integer({ min: 0, max: 120 }),
      device: fc.constantFrom('a', 'a', 'b'),
      metric: fc.constantFrom('x', 'y'),
      partition: fc.nat(2)
    }),
    {
      minLength: 1,
      maxLength: 40,
      selector: ({ second, device, metric }) => `${second} ${device} ${metric}`
    }
  )
  .map(list => [...list].sort((a, b) => a.second - b.second || (a.metric < b.metric ? -1 : 1)))

/** The name of a record is its place in the order of time. */
const recordOf = ({ second, device, metric }: Drawn, id: number) =>
  at(second, metric, `${device}${id}`, { device_id: device })

/** Each moved back in the order by as much as the lateness allows, and no more. */
function shuffled<T extends { readonly second: number }>(
  list: readonly T[],
  latenessS: number,
  seed: number
): T[] {
  let random = seed
  const next = () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff
    return random >>> 8
  }
  const arrives = new Map(
    list.map(each => [each, each.second + (next() % (latenessS + 1)) + (next() % 100) / 1000])
  )
  return [...list].sort((a, b) => arrives.get(a)! - arrives.get(b)!)
}

interface Named extends Drawn {
  readonly name: string
}
type Expected = (list: readonly Named[]) => { joined: string[]; alone: string[] }

/** By looking at all of them at once. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  nearest(list) {
    const open = new Set(list)
    const pairs = pairsOf(list).sort(
      (a, b) => apart(a) - apart(b) || a[0].second - b[0].second || a[1].second - b[1].second
    )
    const joined: string[] = []
    for (const [first, second] of pairs) {
      if (!open.has(first) || !open.has(second)) continue
      open.delete(first)
      open.delete(second)
      joined.push(`${first.name}+${second.name}`)
    }
    return { joined, alone: [...open].map(({ name }) => name) }
  },
  every(list) {
    const pairs = pairsOf(list)
    const found = new Set(pairs.flat())
    return {
      joined: pairs.map(([first, second]) => `${first.name}+${second.name}`),
      alone: list.filter(each => !found.has(each)).map(({ name }) => name)
    }
  },
  last(list) {
    const joined: string[] = []
    const alone: string[] = []
    for (const first of list) {
      if (first.metric !== 'x') continue
      const known = list
        .filter(each => each.metric === 'y' && each.device === first.device)
        .filter(({ second }) => second <= first.second)
        .at(-1)
      if (known !== undefined && first.second - known.second <= WITHIN_S)
        joined.push(`${first.name}+${known.name}`)
      else alone.push(first.name)
    }
    return { joined, alone }
  }
}

const apart = ([first, second]: readonly [Named, Named]) => Math.abs(first.second - second.second)

const pairsOf = (list: readonly Named[]): [Named, Named][] =>
  list.flatMap(first =>
    list.flatMap(second =>
      first.metric === 'x' &&
      second.metric === 'y' &&
      first.device === second.device &&
      apart([first, second]) <= WITHIN_S
        ? [[first, second] as [Named, Named]]
        : []
    )
  )

const optionsOf = (method: string, latenessS: number) => ({
  method,
  within: `${WITHIN_S} s`,
  notOlder: `${WITHIN_S} s`,
  lateness: `${latenessS} s`
})

/** Without any wait the last value is what has come by then, also of one time. */
const latenessFor = (method: string) =>
  method === 'last' ? fc.constantFrom(1, 2, 20) : fc.constantFrom(0, 1, 2, 20)

describe('join: order', () => {
  for (const [method, expected] of Object.entries(EXPECTED)) {
    it(`${method}: any order within the lateness, with restarts, gives what all of them give`, () =>
      fc.assert(
        fc.property(
          readings,
          latenessFor(method),
          fc.integer({ min: 1 }),
          fc.boolean(),
          (list, latenessS, seed, restarts) => {
            const named = list.map((each, id) => ({
              ...each,
              name: `${each.metric}${each.device}${id}`
            }))
            const record = new Map(named.map((each, id) => [each, recordOf(each, id)]))
            const steps = shuffled(named, latenessS, seed).map(each => record.get(each)!)
            const ran = joinOf(optionsOf(method, latenessS), [...steps, SILENCE], restarts)
            const [joined, alone] = told(ran)
            const wanted = expected(named)
            assert.deepEqual(joined!.sort(), wanted.joined.sort())
            assert.deepEqual(alone!.sort(), wanted.alone.sort())
            assert.equal(ran.rejected.length, 0)
          }
        ),
        { numRuns: 400 }
      ))

    it(`${method}: what comes again in any way, and ends of the process, change nothing`, () => {
      const { memory, clock, bounds } = join(
        parseOptions(spec, { ...optionsOf(method, 600), first: 'x', second: 'y' })
      )
      const endless = { idleMs: Number.POSITIVE_INFINITY, aheadMs: 1e15 }
      const remembering = { memory, clock: { ...clock, ...endless }, bounds }
      const ends = ['a', 'b'].map((device_id): TelemetryRecord[] => [
        at(100_000, 'x', 'end', { device_id })
      ])
      fc.assert(
        fc.property(readings, happenings, (list, events) => {
          const log = [0, 1, 2].map(partition =>
            list.flatMap((each, id) => (each.partition === partition ? [[recordOf(each, id)]] : []))
          )
          const undisturbed = new FlakyWorld(remembering, log)
          undisturbed.settle()
          const disturbed = new FlakyWorld(remembering, log)
          for (const event of events) disturbed.happen(event)
          disturbed.settle()
          for (const world of [undisturbed, disturbed]) world.finish(ends)
          assert.deepEqual([...disturbed.rows].sort(), [...undisturbed.rows].sort())
        }),
        { numRuns: 200 }
      )
    })
  }
})
