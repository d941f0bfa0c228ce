import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Rejection, reject } from '../../../core/record/record.ts'
import type { SourceOptions, TakenMany } from '../../../core/source/types.ts'
import { recordOf, sourceWith, until } from './scripted-source.ts'
import { acknowledged, failed } from './scripted-tracker.ts'

/** Messages of a protocol by the names of their records; those in capital letters are rejected. */
type Messages = readonly (readonly string[])[]

const isRejected = (name: string) => name !== name.toLowerCase()

function scene(options: Partial<SourceOptions> = {}) {
  const given = sourceWith(options)
  const none: number[] = []
  let reads = 0
  const splitOf = (names: readonly string[]) => {
    reads++
    const rejectedOf = (name: string) =>
      reject(recordOf(name), 'test', { code: 'JSON_INVALID', message: name })
    return {
      accepted: names.filter(name => !isRejected(name)).map(name => recordOf(name)),
      rejected: names.filter(isRejected).map(rejectedOf)
    }
  }
  /** Of three records, or of 50 where there are many, with an empty one at the end. */
  function* piecesOf(names: readonly string[]) {
    const each = names.length < 100 ? 3 : 50
    for (let from = 0; from < names.length; from += each) {
      const again = () => splitOf(names.slice(from, from + each))
      yield { split: again(), again }
    }
    const split = { accepted: [], rejected: [] }
    yield { split, again: () => split }
  }
  const bring = (
    messages: Messages,
    more: Partial<Pick<TakenMany, 'lane' | 'portion' | 'inTurn' | 'piecesOf'>> = {}
  ) =>
    given.source.takeMany({
      lane: 'lane',
      length: messages.length,
      bytes: 10 * messages.length,
      piecesOf: index => piecesOf(messages[index]!),
      holdsNone: index => void none.push(index),
      isSingle: false,
      properties: { topic: 'raw' },
      portion: 2,
      inTurn: false,
      acknowledge: () => void given.acks.push(messages.map(names => names.join('')).join('|')),
      ...more
    })
  return {
    ...given,
    none,
    bring,
    piecesOf,
    reads: () => reads,
    names: () => given.sent.map(namesOf)
  }
}

const namesOf = ({ output, message }: { output: number; message: { payload?: unknown } }) =>
  `${output}:${(message.payload as (Rejection | { name: string })[])
    .map(record => ('name' in record ? record.name : record.reason.message))
    .join('')}`

describe('a source: messages that hold many records', () => {
  it('leave in portions, good and bad, and are acknowledged once, after the last', () => {
    const { bring, names, acks, tracker, metrics } = scene({ maxInFlight: 100 })
    bring([['a', 'b', 'C'], ['d', 'e'], ['F']])
    assert.deepEqual(names(), ['0:ab', '0:de', '1:CF'])
    for (const _ of [1, 2]) tracker.open_[0]!.settle(acknowledged(2))
    assert.deepEqual(acks, [])
    tracker.open_[0]!.settle(acknowledged(2, { rejected: 2 }))
    assert.deepEqual(acks, ['abC|de|F'])
    assert.deepEqual([metrics.in, metrics.out, metrics.inFlight, metrics.refusedHere], [6, 6, 0, 2])
  })

  it('leave only as there is room, and what is taken later waits behind them', () => {
    const { bring, names, source, tracker, capacities } = scene({ maxInFlight: 4 })
    bring([['a', 'b', 'c', 'd', 'e', 'f', 'g']])
    assert.deepEqual(names(), ['0:ab', '0:cd'])
    assert.deepEqual([source.inFlight, source.isBehind, source.hasRoomFor(0, 0)], [4, true, false])
    bring([['h']])
    tracker.open_[0]!.settle(acknowledged(2))
    assert.deepEqual(names(), ['0:ab', '0:cd', '0:ef'])
    assert.equal(capacities(), 0)
    tracker.open_[0]!.settle(acknowledged(2))
    assert.deepEqual(names().slice(3), ['0:g', '0:h'])
    assert.deepEqual([source.isBehind, capacities()], [false, 1])
  })

  it('hold none, and are acknowledged in their turn', () => {
    const { bring, acks, none, names, tracker } = scene({ maxInFlight: 100 })
    bring([['a']])
    bring([[], []])
    assert.deepEqual([acks, none], [[], [0, 1]])
    tracker.open_[0]!.settle(acknowledged(1))
    assert.deepEqual([acks, names()], [['a', '|'], ['0:a']])
  })

  it('come again portion by portion, in new objects, of which only what is needed is read', async () => {
    const { bring, names, sent, tracker, acks, reads } = scene({ maxInFlight: 100, retries: 3 })
    bring([['a', 'b', 'c', 'd', 'e']])
    assert.equal(reads(), 2)
    const before = sent.map(({ message }) => message.payload as object[])
    for (const each of [...tracker.open_]) each.settle(failed)
    await until(() => sent.length === 6)
    assert.deepEqual(names().slice(3).sort(), ['0:ab', '0:cd', '0:e'])
    // The second portion has records of both pieces.
    assert.equal(reads(), 6)
    const after = sent.slice(3).flatMap(({ message }) => message.payload as object[])
    for (const record of before.flat()) assert.ok(!after.includes(record))
    for (const each of [...tracker.open_]) each.settle(acknowledged(1))
    assert.deepEqual(acks, ['abcde'])
  })

  it('wait for the portion before, where the order is strict; other lanes go on', () => {
    const { bring, names, tracker } = scene({ maxInFlight: 100 })
    bring([['a', 'b', 'c']], { inTurn: true })
    bring([['x', 'y']], { lane: 'other' })
    assert.deepEqual(names(), ['0:ab', '0:xy'])
    tracker.open_[0]!.settle(acknowledged(2))
    assert.deepEqual(names(), ['0:ab', '0:xy', '0:c'])
  })

  it('that throw while they are read are read again, and do not stop the source', () => {
    const { bring, names, piecesOf } = scene({ maxInFlight: 100 })
    let isBroken = true
    const broken = (index: number) => {
      if (isBroken) throw new Error('broken')
      return piecesOf([['a'], ['b']][index]!)
    }
    assert.throws(() => bring([['a'], ['b']], { piecesOf: broken }), /broken/)
    isBroken = false
    bring([['c']], { lane: 'other' })
    assert.deepEqual(names(), ['0:ab', '0:c'])
  })

  it('of a lane that is not ours any more are forgotten', () => {
    const { bring, names, source, acks } = scene({ maxInFlight: 2 })
    bring([['a', 'b', 'c']])
    source.dropLane('lane')
    assert.deepEqual([names(), source.isBehind, source.inFlight, acks], [['0:ab'], false, 0, []])
  })

  it('of 100,000 records leave over several turns of the event loop', async () => {
    const { bring, sent, source } = scene({ mode: 'received', isWired: () => true })
    const names = Array.from({ length: 1000 }, () => Array.from({ length: 100 }, () => 'a'))
    let turns = 0
    const count = () => {
      turns++
      if (source.isBehind) setImmediate(count)
    }
    setImmediate(count)
    bring(names, { portion: 500 })
    await until(() => !source.isBehind)
    assert.equal(sent.length, 200)
    assert.ok(turns > 1)
  })

  it('whatever their number: each record leaves once, and all is acknowledged in order', async () => {
    const messages = fc.array(fc.array(fc.constantFrom('a', 'b', 'C'), { maxLength: 7 }), {
      maxLength: 5
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(messages, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        async (batches, portion, maxInFlight) => {
          const { bring, names, tracker, acks, source, metrics } = scene({ maxInFlight })
          for (const batch of batches) bring(batch, { portion })
          const isOver = () => {
            while (tracker.open_.length > 0) tracker.open_[0]!.settle(acknowledged(1))
            return !source.isBehind
          }
          if (!isOver()) await until(isOver)
          const texts = names().map(name => name.slice(2))
          const all = batches.flat(2).sort().join('')
          assert.equal(texts.join('').split('').sort().join(''), all)
          assert.ok(texts.every(text => text.length <= portion))
          assert.deepEqual(
            acks,
            batches.map(batch => batch.map(each => each.join('')).join('|'))
          )
          assert.deepEqual([source.inFlight, source.isBehind, metrics.in], [0, false, all.length])
        }
      )
    )
  })
})
