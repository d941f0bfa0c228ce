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

describe('nodes/kafka-consumer: after Node-RED was killed again and again', () => {
  let userDir: string
  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'millrace-killed-'))
  })
  afterEach(() => rmSync(userDir, { recursive: true }))

  /** A process, until it has dealt with all records or is killed. */
  function live(dies: (numbers: readonly number[]) => boolean, more: object = {}): Life {
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
    } satisfies DispatcherOptions)
    dispatcher.take({
      topic: 'raw',
      partition: 0,
      messages: Array.from({ length: RECORDS }, (_, index) => ({
        key: null,
        value: Buffer.from(String(index)),
        timestamp: '1700000000000',
        offset: String(index)
      })),
      nextOffset: BigInt(RECORDS),
      part: () => ({ done: () => {}, committed: () => {} })
    })
    const life = { sizes: [] as number[], passed: [] as number[], setAside: [] as number[] }
    for (let at = 0; at < scene.sent.length; at++) {
      const { output, message } = scene.sent[at]!
      const numbers = [message.payload].flat().map(each => Number(provenanceOf(each)?.taken.raw))
      if (output === 0 && dies(numbers)) return { ...life, isKilled: true }
      life.sizes.push(numbers.length)
      life[output === 0 ? 'passed' : 'setAside'].push(...numbers)
      scene.tracker.open_[0]!.settle(acknowledged(numbers.length))
    }
    return { ...life, isKilled: false }
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
      const lives: Life[] = []
      do lives.push(live(numbers => numbers.includes(killer)))
      while (lives.at(-1)!.isKilled && lives.length < 10)
      const last = lives.at(-1)!
      assert.deepEqual(last.setAside, [killer])
      const passed = new Set(lives.flatMap(life => life.passed))
      assert.equal(passed.size, RECORDS - 1)
      assert.ok(lives.length <= 6, `${lives.length} starts`)
      assert.deepEqual(
        lives.slice(0, -1).flatMap(life => life.setAside),
        []
      )
    })
})
