import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Receiver } from 'rhea'
import type { Reason } from '../../../../core/record/record.ts'
import { Trials } from '../../../../core/source/trials.ts'
import {
  type AmqpBatch,
  type Arrival,
  arrivalOf
} from '../../../../palettes/amqp/nodes/amqp-ingest/arrival.ts'
import { Intake } from '../../../../palettes/amqp/nodes/amqp-ingest/intake.ts'
import { until } from '../../../until.ts'

const nothing = () => undefined
const delivery = { accept: nothing, reject: nothing, release: nothing, modified: nothing }
const arrival = (body: string): Arrival =>
  arrivalOf({ body } as Parameters<typeof arrivalOf>[0], delivery, 'queue')
const bodiesOf = ({ arrivals }: AmqpBatch) => arrivals.map(({ body }) => String(body))

describe('the intake of amqp-ingest', () => {
  const userDir = mkdtempSync(join(tmpdir(), 'millrace-intake-'))
  after(() => rmSync(userDir, { recursive: true, force: true }))

  interface Delivered {
    readonly bodies: readonly string[]
    readonly kills: Reason | undefined
  }

  function intakeWith(more: {
    readonly hasRoom?: () => boolean
    deliver?(batch: AmqpBatch, kills: Reason | undefined): void
  }) {
    // Shared by the sources of a process, so another one in each life.
    Reflect.deleteProperty(globalThis, Symbol.for('millrace.trial.turn'))
    const warnings: string[] = []
    const warn = (sentence: string) => void warnings.push(sentence)
    const granted: number[] = []
    const intake = new Intake({
      batchSize: 10,
      gatherMs: 0,
      burstMs: 0,
      maxInFlight: 20,
      trials: new Trials({ nodeId: 'amqp', userDir, warn }),
      hasRoomFor: more.hasRoom ?? (() => true),
      deliver: (batch, kills) => more.deliver?.(batch, kills),
      drop: nothing,
      warn
    })
    const receiver = {
      credit: 0,
      add_credit(count: number) {
        this.credit += count
        granted.push(count)
      }
    }
    intake.attach(receiver as unknown as Receiver)
    const take = (bodies: readonly string[]) => {
      for (const body of bodies) {
        receiver.credit--
        intake.take(arrival(body))
      }
    }
    return { intake, take, warnings, granted }
  }

  it('finds the message that kills Node-RED, and sets it aside', async () => {
    let left = ['a', 'kills', 'c']
    const lives: Delivered[][] = []
    for (let life = 0; left.length > 0 && life < 10; life++) {
      const delivered: Delivered[] = []
      lives.push(delivered)
      let isDead = false
      const { intake, take } = intakeWith({
        deliver(batch, kills) {
          if (isDead) return
          delivered.push({ bodies: bodiesOf(batch), kills })
          isDead = bodiesOf(batch).includes('kills') && kills === undefined
          if (isDead) return
          left = left.filter(body => !bodiesOf(batch).includes(body))
          setImmediate(() => intake.settle(batch, nothing))
        }
      })
      take(left)
      await until('the end of this life', () => isDead || left.length === 0, 2_000, 2)
    }
    assert.deepEqual(left, [])
    assert.ok(lives.length <= 6, `${lives.length} lives`)
    const setAside = lives.flat().filter(({ kills }) => kills !== undefined)
    assert.deepEqual(
      setAside.map(({ bodies, kills }) => [bodies, kills?.code]),
      [[['kills'], 'RECORD_KILLS']]
    )
  })

  it('holds what there is no room for, and gives no credit meanwhile', async () => {
    let room = false
    const delivered: string[] = []
    const { intake, take, granted } = intakeWith({
      hasRoom: () => room,
      deliver: batch => void delivered.push(...bodiesOf(batch))
    })
    const bodies = Array.from({ length: 20 }, (_, n) => String(n))
    take(bodies)
    await until('it to be due', () => intake.isHeld, 2_000, 2)
    assert.deepEqual([delivered, granted], [[], [20]])
    room = true
    intake.resume()
    assert.deepEqual(delivered, bodies)
    assert.deepEqual(granted, [20])
  })

  it('forgets what a connection brought that is gone', async () => {
    const batches: AmqpBatch[] = []
    const { intake, take } = intakeWith({ deliver: batch => void batches.push(batch) })
    take(['a', 'b'])
    await until('the batch', () => batches.length === 1, 2_000, 2)
    assert.equal(intake.open, 2)
    intake.detach()
    let settled = 0
    intake.settle(batches[0]!, () => {
      settled++
    })
    assert.deepEqual([intake.open, settled], [0, 0])
  })
})
