import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOptions } from '../../../../core/node/spec.ts'
import type { DeliverySource } from '../../../../core/source/source.ts'
import { Trials } from '../../../../core/source/trials.ts'
import type { TakenMany } from '../../../../core/source/types.ts'
import { Intake } from '../../../../palettes/aws/nodes/kinesis-consumer/intake.ts'
import { shaperOf } from '../../../../palettes/aws/nodes/kinesis-consumer/logic.ts'
import type { ShardReader } from '../../../../palettes/aws/nodes/kinesis-consumer/shard-reader.ts'
import { spec } from '../../../../palettes/aws/nodes/kinesis-consumer/spec.ts'
import { upTo } from '../rig.ts'

const SHARD = 'shardId-000000000000'

/** A flow with room for so many records, whose batches a test ends. */
class Flow {
  readonly taken: TakenMany[] = []
  readonly codes: string[] = []
  isFull = false

  readonly source = {
    isPaused: false,
    inFlightOf: () => this.taken.length,
    hasRoomFor: () => !this.isFull,
    dropLane: () => this.taken.splice(0),
    takeMany: (many: TakenMany) => {
      this.taken.push(many)
      for (const index of upTo(many.length))
        for (const { split } of many.piecesOf(index))
          this.codes.push(
            ...split.accepted.map(() => 'ok'),
            ...split.rejected.map(({ reason }) => reason.code)
          )
    }
  }
  end(): void {
    this.taken.shift()!.acknowledge()
  }
}

describe('the intake of kinesis-consumer', () => {
  const userDir = mkdtempSync(join(tmpdir(), 'millrace-intake-'))
  after(() => rmSync(userDir, { recursive: true, force: true }))
  const warnings: string[] = []

  function intakeOf(flow: Flow, nodeId: string, options: object = {}) {
    const parsed = parseOptions(spec, { access: 'some', batchSize: 2, ...options })
    const warn = (sentence: string) => void warnings.push(sentence)
    const intake = new Intake({
      options: parsed,
      source: flow.source as unknown as DeliverySource,
      shaper: shaperOf(parsed),
      trials: new Trials({ nodeId, userDir, warn }),
      isFresh: () => true,
      warn
    })
    const stored: string[] = []
    const reader = {
      shard: SHARD,
      waiting: upTo(6).map(n => ({
        shard: SHARD,
        sequence: `${100 + n}`,
        key: 'k',
        data: Buffer.from(`{"n":${n}}`),
        arrivedMs: 0
      })),
      waitingBytes: 0,
      inFlow: 0,
      careful: undefined,
      behindMs: 0,
      wake: () => undefined,
      stored: ({ arrivals }: { arrivals: { sequence: string }[] }) =>
        stored.push(...arrivals.map(({ sequence }) => sequence))
    } as unknown as ShardReader & { waiting: unknown[] }
    intake.add(reader)
    return { intake, reader, stored }
  }

  it('lets in batches while there is room, and asks for no more when there is none', () => {
    const flow = new Flow()
    const { intake, reader, stored } = intakeOf(flow, 'plain', { maxInFlight: 4 })
    flow.isFull = true
    intake.fill()
    assert.deepEqual([flow.taken.length, intake.isHeld, intake.mayAsk(reader)], [0, true, false])
    flow.isFull = false
    intake.fill()
    assert.deepEqual([flow.taken.length, intake.isHeld, intake.mayAsk(reader)], [3, false, true])
    flow.end()
    assert.deepEqual(stored, ['100', '101'])
  })

  it('with strict order, a batch of a shard at a time', () => {
    const flow = new Flow()
    const { intake } = intakeOf(flow, 'strict', { order: 'strict' })
    intake.fill()
    assert.equal(flow.taken.length, 1)
    flow.end()
    intake.fill()
    assert.equal(flow.codes.length, 4)
  })

  it('sets a record aside that has killed Node-RED, and takes the others one at a time', () => {
    const folder = join(userDir, 'millrace', 'starts')
    mkdirSync(folder, { recursive: true })
    const trial = { id: '102', deaths: 1, isOpen: true }
    const lanes = { [SHARD]: { at: '99', starts: 1, trial } }
    writeFileSync(join(folder, 'killed.json'), JSON.stringify(lanes))
    const flow = new Flow()
    const { intake, stored } = intakeOf(flow, 'killed')
    // What came before it goes through the flow again: a sink may have gathered it when it died.
    const sizes = upTo(5).map(() => {
      intake.fill()
      assert.equal(flow.taken.length, 1)
      const [{ length }] = flow.taken as [TakenMany]
      flow.end()
      return length
    })
    assert.deepEqual(sizes, [2, 1, 1, 1, 1])
    assert.deepEqual(flow.codes, ['ok', 'ok', 'RECORD_KILLS', 'ok', 'ok', 'ok'])
    assert.deepEqual(stored, ['100', '101', '102', '103', '104', '105'])
    assert.match(warnings[0]!, /one record of the shard shardId-000000000000 of "readings"/)
  })

  it('finds it also where a later answer of Kinesis brings it', () => {
    const folder = join(userDir, 'millrace', 'starts')
    mkdirSync(folder, { recursive: true })
    const trial = { id: '105', deaths: 1, isOpen: true }
    const lanes = { [SHARD]: { at: '100', starts: 2, trial } }
    writeFileSync(join(folder, 'late.json'), JSON.stringify(lanes))
    const flow = new Flow()
    const { intake, reader } = intakeOf(flow, 'late')
    const last = reader.waiting.splice(3)
    for (const _each of upTo(2)) {
      intake.fill()
      for (const _taken of [...flow.taken]) flow.end()
    }
    reader.waiting.push(...last)
    for (const _each of upTo(3)) {
      intake.fill()
      for (const _taken of [...flow.taken]) flow.end()
    }
    assert.deepEqual(flow.codes, ['ok', 'ok', 'ok', 'ok', 'ok', 'RECORD_KILLS'])
  })
})
