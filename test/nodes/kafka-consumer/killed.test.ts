/** What a partition sends after Node-RED was killed again and again. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provenanceOf } from '../../../core/record/record.ts'
import { Trials } from '../../../core/source/trials.ts'
import { Dispatcher, type DispatcherOptions } from '../../../nodes/kafka-consumer/dispatcher.ts'
import { asMessages } from '../../../nodes/kafka-consumer/shapes.ts'
import { sourceWith } from '../../core/source/scripted-source.ts'
import { acknowledged } from '../../core/source/scripted-tracker.ts'

const RECORDS = 3_000

interface Life {
  /** How many records each message had. */
  readonly sizes: number[]
  /** Records that came through, by their number. */
  readonly passed: number[]
  readonly setAside: number[]
  readonly isKilled: boolean
}

interface Process extends Partial<DispatcherOptions> {
  readonly records?: number
  /** So many come at once. */
  readonly fetched?: number
}

describe('nodes/kafka-consumer: after Node-RED was killed again and again', () => {
  let userDir: string
  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'millrace-killed-'))
  })
  afterEach(() => rmSync(userDir, { recursive: true }))

  /**
   * A process, until it has dealt with all records or is killed. It begins at the first record each
   * time, as behind a sink that has let nothing go yet.
   */
  function live(
    dies: (numbers: readonly number[]) => boolean,
    { records = RECORDS, fetched = records, ...more }: Process = {}
  ): Life {
    const shared = globalThis as { [turn: symbol]: { holder: object | undefined } }
    const turn = shared[Symbol.for('millrace.trial.turn')]
    if (turn !== undefined) turn.holder = undefined
    const scene = sourceWith({ maxInFlight: 10_000, onCapacity: () => dispatcher.refill() })
    const dispatcher: Dispatcher = new Dispatcher(scene.source, {
      shaping: { shape: asMessages, isMany: () => false, piecesOf: () => [], ready: undefined },
      batchSize: 500,
      isSingle: false,
      perPartition: 25,
      maxInFlight: 10_000,
      onNone: () => {},
      trials: new Trials({ userDir, nodeId: 'read', warn: () => {} }),
      warn: () => {},
      pause: () => {},
      resume: () => {},
      ...more
    })
    const life = { sizes: [] as number[], passed: [] as number[], setAside: [] as number[] }
    const part = (next: bigint) => ({
      done: () => assert.equal(life.passed.length + life.setAside.length, Number(next)),
      dealtWith: () => {},
      committed: () => {}
    })
    for (let from = 0; from < records; from += fetched)
      dispatcher.take({
        topic: 'raw',
        partition: 0,
        messages: messagesOf(from, fetched),
        nextOffset: BigInt(from + fetched),
        part
      })
    for (let at = 0; at < scene.sent.length; at++) {
      const { output, message } = scene.sent[at]!
      const numbers = [message.payload].flat().map(each => Number(provenanceOf(each)?.taken.raw))
      if (output === 0 && dies(numbers)) return { ...life, isKilled: true }
      life.sizes.push(numbers.length)
      life[output === 0 ? 'passed' : 'setAside'].push(...numbers)
      scene.tracker.open_[0]!.settle(acknowledged(numbers.length))
    }
    assert.deepEqual(scene.errors, [])
    return { ...life, isKilled: false }
  }

  const messagesOf = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      key: null,
      value: Buffer.from(String(from + index)),
      timestamp: '1700000000000',
      offset: String(from + index)
    }))

  /** Lives with a record that kills, until it is set aside, alone. */
  function untilSetAside(killer: number, process: Process = {}): Life[] {
    const lives: Life[] = []
    do lives.push(live(numbers => numbers.includes(killer), process))
    while (lives.at(-1)!.isKilled && lives.length < 10)
    const last = lives.at(-1)!
    assert.deepEqual(last.setAside, [killer])
    assert.equal(last.passed.length, (process.records ?? RECORDS) - 1, 'all others, anew')
    assert.ok(lives.length <= 6, `${lives.length} starts`)
    for (const { setAside } of lives.slice(0, -1)) assert.deepEqual(setAside, [])
    return lives
  }

  it('by power cuts, all go on with few messages, and soon as many at a time as ever', () => {
    for (let cut = 0; cut < 3; cut++) assert.ok(live(() => true).isKilled)
    const { sizes, passed } = live(() => false)
    assert.equal(passed.length, RECORDS)
    assert.deepEqual(sizes.slice(0, 10), [1, 2, 4, 8, 16, 32, 64, 128, 256, 500])
    assert.ok(sizes.length < 16, `${sizes.length} messages`)
  })

  for (const killer of [0, 1, 2, 17, 700, 2_999])
    it(`by record ${killer}, it is set aside and all others come through`, () => {
      untilSetAside(killer)
    })

  it('by a record that a later fetch brings, it is set aside', () => {
    untilSetAside(747, { fetched: 500, perPartition: 2 })
  })

  it('by a record far behind the first, which a sink does not let go, it is set aside', () => {
    untilSetAside(39_700, { records: 40_000, fetched: 2_000, perPartition: 1 })
  })

  it('by a power cut in a trial, what came before goes into the flow again', () => {
    for (let cut = 0; cut < 3; cut++) live(() => true)
    assert.ok(live(numbers => numbers.includes(800)).isKilled)
    const { passed, setAside, isKilled } = live(() => false)
    assert.deepEqual([passed.length, setAside.length, isKilled], [RECORDS, 0, false])
  })
})
