import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeldLanes } from '../../../../core/delivery/held-lanes.ts'
import { PROVENANCE, Provenance } from '../../../../core/record/record.ts'
import { ArchiveStore } from '../../../../palettes/archive/core/archive-store.ts'
import { ArchiveSink } from '../../../../palettes/archive/nodes/archive-sink/archive-sink.ts'
import { planOf } from '../../../../palettes/archive/nodes/archive-sink/logic.ts'
import { until } from '../../../until.ts'
import { Folder, numbersOf, upTo } from '../rig.ts'

const LANE = { source: 'read', lane: 't/0' }
const OPTIONS = {
  ...{ path: '', timeField: '', format: 'jsonl', compression: 'none', columns: [], rest: 'leave' },
  ...{ everyMin: 0.001, maxMb: 1, late: 'own', lateH: 24, archive: 'a', diskMb: 100 }
} as never

/** A source whose sinks come and go. */
class Source {
  readonly held = new HeldLanes()
  readonly deployed: (() => void)[] = []
  readonly dropped = new Set<(source: string, lane: string) => void>()
  again = 0

  readonly tracker = {
    holdLanes: this.held.hold.bind(this.held),
    whenLaneDropped: (callback: (source: string, lane: string) => void) => {
      this.dropped.add(callback)
      return () => this.dropped.delete(callback)
    },
    afterDeployment: (callback: () => void) => this.deployed.push(callback),
    readAgainOf: () => () => this.again++,
    sourceOf: () => LANE.source,
    settledBefore: () => LANE,
    attemptOf: (message: object) => message,
    isFollowed: () => true,
    isGivenUp: () => false,
    transactionOf: () => undefined,
    whenSettled: () => undefined
  }
  /** The flow has dealt with these. */
  passed(from: number, next: number): { isAcknowledged: boolean } {
    const part = { isAcknowledged: false }
    const letGo = () => {
      part.isAcknowledged = true
    }
    const place = { ...LANE, from: `${from}`, next: `${next}` }
    this.held.passed(place, { letGo, readAgain: () => this.again++ })
    return part
  }
  drop(): void {
    for (const callback of this.dropped) callback(LANE.source, LANE.lane)
  }
  deploys(): void {
    for (const callback of this.deployed.splice(0)) callback()
  }
}

describe('an archive sink that comes after another', () => {
  let target: Folder
  let rows: string
  let source: Source
  let words: string[]
  const sinks: ArchiveSink[] = []

  beforeEach(() => {
    target = new Folder()
    rows = mkdtempSync(join(tmpdir(), 'millrace-rows-'))
    source = new Source()
    words = []
  })
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close(100)
    target.remove()
    rmSync(rows, { recursive: true, force: true })
  })

  function started(): ArchiveSink {
    const port = {
      up: () => undefined,
      refresh: () => undefined,
      down: (trouble: { sentence: string }) => words.push(trouble.sentence)
    }
    const context = {
      id: 'sink',
      tracker: source.tracker,
      options: OPTIONS,
      metrics: { gauges: { set: () => undefined } },
      isWired: () => false
    }
    const sink = new ArchiveSink({
      store: new ArchiveStore({ kind: 'folder', folder: target.path, isMade: false }),
      plan: planOf(OPTIONS, 'archive sink', 'sink'),
      folder: join(rows, `${sinks.length}`),
      context: context as never,
      port: port as never
    })
    sinks.push(sink)
    return sink
  }
  const timeOf = (offset: number) => String(1_000_000 + offset)
  function write(sink: ArchiveSink, from: number, to: number, ms = timeOf) {
    const at = (index: number) => {
      const offset = from + index
      const place = { kind: 'kafka', topic: 't', partition: 0, offset: `${offset}` }
      return { origin: { ...place, timestamp: ms(offset) }, key: null, headers: {}, raw: null }
    }
    const records = upTo(to - from).map(index => ({
      ...{ n: from + index, site: 'a' },
      [PROVENANCE]: new Provenance({ at } as never, index)
    }))
    return new Promise<{ stored: number; duplicates: number }>((finish, fail) =>
      sink.write({ message: {}, records, finish, fail } as never)
    )
  }

  it('has read again what was finished and waited behind a message that was tried again', async () => {
    const first = started()
    await write(first, 10, 20)
    await first.close(100)
    source.deploys()
    assert.equal(source.again, 1)
    // The source has not begun to read again: nothing of these is acknowledged, nor in a file.
    const second = started()
    await write(second, 0, 10)
    const parts = [source.passed(0, 10), source.passed(10, 20)]
    await new Promise(resolve => setTimeout(resolve, 700))
    assert.deepEqual([target.files, parts.some(part => part.isAcknowledged)], [[], false])
    source.drop()
    await write(second, 0, 20)
    const all = source.passed(0, 20)
    await until('the file', () => all.isAcknowledged)
    assert.deepEqual(numbersOf(target.records), upTo(20))
  })

  it('takes records that were filtered for those that are archived, however new they are', async () => {
    const first = started()
    await write(first, 0, 9)
    const part = source.passed(0, 10)
    await until('the file', () => part.isAcknowledged)
    const { duplicates } = await write(started(), 0, 10)
    assert.deepEqual([duplicates, words], [10, []])
  })

  it('waits where the records of these offsets are others, even older ones', async () => {
    await write(started(), 0, 10)
    const part = source.passed(0, 10)
    await until('the file', () => part.isAcknowledged)
    void write(started(), 0, 10, offset => String(offset))
    await until('the word', () => words.some(sentence => /made anew/.test(sentence)))
  })
})
