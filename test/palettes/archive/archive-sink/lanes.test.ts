// Waits between tries.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArchiveLog, logFolder } from '../../../../palettes/archive/core/archive-log.ts'
import { ArchiveStore } from '../../../../palettes/archive/core/archive-store.ts'
import { Lanes, type LanesOptions } from '../../../../palettes/archive/nodes/archive-sink/lanes.ts'
import type { Plan } from '../../../../palettes/archive/nodes/archive-sink/logic.ts'
import { Spill } from '../../../../palettes/archive/nodes/archive-sink/spill.ts'
import { SinkTroubles } from '../../../../palettes/archive/nodes/archive-sink/troubles.ts'
import { until } from '../../../until.ts'
import { Folder, numbersOf, upTo } from '../rig.ts'

/** A store whose client cannot be made for a while. */
class LateStore extends ArchiveStore {
  opened = 0
  fails = 0

  override open() {
    this.opened++
    if (this.fails-- > 0) return Promise.reject(new Error('no client'))
    return super.open()
  }
}

const NAME = 't-0-000000000000000-000000000000009-a.jsonl'
const WAY = { source: 'read', lane: 't/0' }
const PLAN = {
  finishing: { format: 'jsonl', compression: 'none', columns: [] },
  name: { archive: 'a', format: 'jsonl', compression: 'none' },
  header: ''
} as unknown as Plan

describe('the partitions of an archive sink', function () {
  this.timeout(30_000)
  let target: Folder
  let store: LateStore
  let options: LanesOptions
  let lanes: Lanes
  let stop: AbortController
  let words: string[]
  let events: string[]
  let folder: string

  beforeEach(async () => {
    target = new Folder()
    folder = mkdtempSync(join(tmpdir(), 'millrace-rows-'))
    ;[words, events, stop] = [[], [], new AbortController()]
    store = new LateStore({ kind: 'folder', folder: target.path, isMade: false })
    const port = {
      up: () => undefined,
      refresh: () => undefined,
      down: (trouble: { sentence: string }) => words.push(trouble.sentence)
    }
    const context = {
      id: 'sink',
      options: { maxMb: 1, everyMin: 60, diskMb: 100 },
      metrics: { gauges: { set: () => undefined } },
      node: { error: (message: string) => words.push(message) },
      isWired: () => false
    }
    options = {
      ...{ store, folder, plan: PLAN, signal: stop.signal },
      context: context as never,
      troubles: new SinkTroubles(port as never)
    }
    lanes = new Lanes(options)
    await until('the log', () => lanes.of(WAY.source, WAY.lane).isReady)
  })
  afterEach(() => {
    stop.abort()
    lanes.end()
    target.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  /** These records were dealt with; what is gathered is on the disk, and goes to the store then. */
  function gathered(from: number, to: number, name = WAY.lane): void {
    const lane = lanes.of(WAY.source, name)
    for (let n = from; n < to; n++) {
      const text = `${JSON.stringify({ n, site: 'a' })}\n`
      lane.add({ offset: n, path: 'site=a/', text, kafkaMs: n, attempt: WAY })
    }
    const held = {
      letGo: () => events.push(`committed ${to}`),
      readAgain: () => events.push('read again')
    }
    lanes.passed({ ...WAY, lane: name, from: `${from}`, next: `${to}` }, held)
    lane.chunk?.flush(true)
  }
  const write = () => {
    lanes.of(WAY.source, WAY.lane).closeNow()
    lanes.look()
  }

  it('keep their rows while the store cannot be opened, and ask it after pauses', async () => {
    gathered(0, 50)
    gathered(50, 60)
    store.opened = 0
    store.fails = 3
    write()
    await until('the file', () => events.includes('committed 60'))
    assert.deepEqual(numbersOf(target.records), upTo(60))
    assert.ok(store.opened <= 10, `it was asked ${store.opened} times`)
    assert.ok(words.some(sentence => sentence.includes('no client')))
    assert.deepEqual(readdirSync(folder), [])
  })

  it('are read again, once, where another has some of their offsets', async () => {
    gathered(0, 50)
    const other = new Lanes({ ...options, folder: join(folder, 'other') })
    await until('its log', () => other.of(WAY.source, WAY.lane).isReady)
    const { log } = other.of(WAY.source, WAY.lane)
    await log.claim({ first: 0, last: 9, files: [] })
    write()
    await until('the word', () => events.length > 0)
    gathered(50, 60)
    write()
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.deepEqual(events, ['read again'])
    assert.deepEqual(target.files, [])
    assert.ok(readdirSync(folder).length > 0)
    lanes.drop(WAY.source, WAY.lane)
    assert.deepEqual(readdirSync(folder), [])
    other.end()
  })

  it('are read again from the end of a range of another that ends in the middle', async () => {
    const other = new Lanes({ ...options, folder: join(folder, 'other') })
    await until('its log', () => other.of(WAY.source, WAY.lane).isReady)
    const { log } = other.of(WAY.source, WAY.lane)
    const entry = await log.claim({ first: 0, last: 9, files: [] })
    gathered(5, 15)
    await lanes.of(WAY.source, WAY.lane).log.load()
    await log.done(entry!, [])
    write()
    await until('the word', () => events.length > 0, 10_000)
    assert.deepEqual(events, ['read again'])
    other.end()
  })

  /** Somebody else has begun these, and the partition knows of it. */
  async function begun(partition = 0, records = 10) {
    const lane = lanes.of(WAY.source, `t/${partition}`)
    await until('the log', () => lane.isReady)
    const other = new ArchiveLog(store, logFolder('a', 't', partition), 'other')
    const files = [{ path: `site=a/${NAME.replace('-0-', `-${partition}-`)}`, records }]
    const entry = await other.claim({ first: 0, last: 9, files })
    await lane.log.load()
    return { other, entry: entry! }
  }

  it('end where a range ends at an offset without a record', async () => {
    await begun()
    gathered(0, 9)
    gathered(10, 20)
    write()
    await until('both', () => events.length === 2)
    assert.deepEqual(events, ['committed 9', 'committed 20'])
    assert.deepEqual(target.files[0], `site=a/${NAME}`)
    assert.deepEqual(numbersOf(target.records), [...upTo(9), ...upTo(20).slice(10)])
  })

  it('begin behind a range that is done, and whose last offset has no record', async () => {
    const { other, entry } = await begun()
    await other.done(entry, [])
    await lanes.of(WAY.source, WAY.lane).log.isDoneByOthers(entry)
    gathered(0, 9)
    gathered(10, 20)
    write()
    await until('the rest', () => events.length === 1)
    assert.deepEqual(events, ['committed 20'])
    assert.deepEqual(numbersOf(target.records), upTo(20).slice(10))
  })

  it('hold a whole range that begins at an offset without a record', async () => {
    await begun(0, 9)
    gathered(1, 10)
    write()
    await until('the file', () => events.includes('committed 10'))
    assert.deepEqual(target.files, [`site=a/${NAME}`])
  })

  it('write others while they wait for whoever has begun, and in the end what they have', async () => {
    lanes.end()
    const patience = { everyMs: 20, lateAfter: 5, aloneAfter: 20 }
    lanes = new Lanes({ ...options, patience })
    for (const partition of [0, 1, 2]) {
      await begun(partition)
      gathered(5, 10, `t/${partition}`)
    }
    await until('the log', () => lanes.of(WAY.source, 't/3').isReady)
    gathered(0, 30, 't/3')
    lanes.of(WAY.source, 't/3').closeNow()
    const all = () => {
      lanes.look()
      return events.length === 4
    }
    await until('all', all)
    assert.deepEqual(events, ['committed 30', ...Array(3).fill('committed 10')])
    assert.ok(words.some(sentence => /does not go on/.test(sentence)))
    assert.equal(target.records.length, 30 + 3 * 5)
  })

  it('take more than the disk may hold where a range must be ended as it was begun', async () => {
    await begun()
    gathered(0, 5)
    Object.assign(options.context.options, { diskMb: 0.000_01 })
    assert.equal(lanes.isFull, false)
    gathered(5, 10)
    assert.equal(lanes.isFull, true)
    await until('the file', () => events.includes('committed 10'))
    assert.equal(lanes.isFull, false)
  })

  it('count what is on the disk, also what was made of rows', () => {
    const sums = { waiting: 0, written: 0 }
    const spill = new Spill(join(folder, 'rows'), 'a,b\n', sums)
    spill.add('1,2\n')
    assert.deepEqual(sums, { waiting: 8, written: 0 })
    spill.flush()
    writeFileSync(`${spill.local}.whole`, '123')
    spill.made(`${spill.local}.whole`)
    assert.deepEqual(sums, { waiting: 0, written: 11 })
    spill.unmake()
    assert.deepEqual([sums.written, readdirSync(folder)], [8, ['rows']])
    spill.remove()
    assert.deepEqual([sums.written, readdirSync(folder)], [0, []])
  })

  it('become files where the acknowledgements of too many messages are held back', async () => {
    let acknowledged = 0
    const held = { letGo: () => acknowledged++, readAgain: () => undefined }
    gathered(0, 1)
    for (let n = 1; n < 50_000; n++) lanes.passed({ ...WAY, from: `${n}`, next: `${n + 1}` }, held)
    await until('the file', () => acknowledged === 49_999)
    assert.equal(lanes.of(WAY.source, WAY.lane).chunk, undefined)
  })

  it('take no longer for a message where there are many files', async () => {
    const took = (count: number) => {
      const startMs = performance.now()
      for (let n = 0; n < count; n++)
        lanes.passed(
          { ...WAY, from: `${n}`, next: `${n + 1}` },
          {
            letGo: () => undefined,
            readAgain: () => undefined
          }
        )
      return performance.now() - startMs
    }
    took(2_000)
    const fewMs = took(2_000)
    for (let lane = 1; lane <= 20; lane++) {
      const many = lanes.of(WAY.source, `t/${lane}`)
      await until('the log', () => many.isReady)
      for (let n = 0; n < 900; n++)
        many.add({ offset: n, path: `${n}/`, text: '', kafkaMs: n, attempt: WAY })
      gathered(0, 901, `t/${lane}`)
    }
    assert.ok(took(2_000) < 20 * fewMs + 300)
  })

  it('are read again where their rows were deleted from the disk', async () => {
    gathered(0, 50)
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    gathered(50, 60)
    write()
    await until('the word', () => events.length > 0)
    assert.deepEqual(events, ['read again'])
    assert.deepEqual(target.files, [])
  })
})
