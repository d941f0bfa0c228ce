// Mostly waits.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { isRejection } from '../../../../core/record/record.ts'
import archiveSource from '../../../../palettes/archive/nodes/archive-source/runtime.ts'
import archiveStore from '../../../../palettes/archive/nodes/archive-store/runtime.ts'
import { type KafkaFlow, startKafkaFlow } from '../../../nodes/kafka-flow.ts'
import { until } from '../../../until.ts'
import { Folder, numbersOf, readings, upTo } from '../rig.ts'

describe('archive-source in Node-RED', function () {
  this.timeout(60_000)
  let flow: KafkaFlow
  let folder: Folder

  before(async () => {
    flow = await startKafkaFlow(archiveStore, archiveSource)
  })
  after(() => flow.stop())
  beforeEach(() => {
    folder = new Folder()
    for (const id of ['records', 'bad', 'progress'])
      Object.assign(flow.seen(id), { holds: false, fails: 0 }).arrived.length = 0
  })
  afterEach(async () => {
    say('forget')
    await flow.deploy('', [])
    folder.remove()
  })

  const nodes = (source: object = {}) => [
    { id: 'store', type: 'millrace-archive-store', folder: folder.path, make: false },
    {
      id: 'source',
      type: 'millrace-archive-source',
      store: 'store',
      path: 'date={date}/hour={hour}/',
      batchSize: 100,
      ...source,
      wires: [['records'], ['bad'], ['progress']]
    },
    { id: 'records', type: 'seen' },
    { id: 'bad', type: 'seen' },
    { id: 'progress', type: 'seen' }
  ]
  const deploy = (source: object = {}) => flow.deploy('', nodes(source))
  const say = (payload: unknown) =>
    flow.nodeRed.node<{ receive(message: object): void }>('source').receive({ payload })
  const numbers = () => numbersOf(flow.seen('records').records as { n: number }[])
  const finished = () =>
    until('the end', () =>
      (flow.seen('progress').records as { finished: boolean }[]).some(each => each.finished)
    )

  /** A file an hour, of readings that are ten seconds apart. */
  function archive(count: number): void {
    for (let from = 0; from < count; from += 360) {
      const part = readings(from, Math.min(count, from + 360))
      const hour = part[0]!.ts_utc.slice(11, 13)
      const place = join(folder.path, `date=2026-03-01/hour=${hour}`)
      mkdirSync(place, { recursive: true })
      const text = part.map(record => `${JSON.stringify(record)}\n`).join('')
      const range = [from, from + part.length - 1].map(each => String(each).padStart(15, '0'))
      writeFileSync(join(place, `readings-0-${range.join('-')}-a.jsonl.gz`), gzipSync(text))
    }
  }

  it('brings back each record once, in batches, with its topic, and then only what is new', async () => {
    archive(1_080)
    await deploy()
    say(Date.now())
    await finished()
    assert.deepEqual(numbers(), upTo(1_080))
    assert.equal(flow.seen('records').arrived[0]!.message.topic, 'readings')
    assert.ok(flow.seen('records').arrived.length >= 10)
    flow.seen('progress').arrived.length = 0
    archive(1_440)
    say(Date.now())
    await finished()
    assert.deepEqual(numbers(), upTo(1_440))
  })

  it('takes the time range of the message, and reads only its files', async () => {
    archive(1_440)
    await deploy()
    say({ since: '2026-03-01T01:30:00Z', until: '2026-03-01T02:00:00Z' })
    await finished()
    assert.deepEqual(numbers(), upTo(720).slice(540))
    const { files } = flow.seen('progress').records.at(-1) as { files: number }
    assert.equal(files, 1)
  })

  it('goes on after a deploy where the flow had got to', async () => {
    archive(1_000)
    await deploy({ maxInFlight: 200 })
    say(Date.now())
    await until('some', () => numbers().length >= 400)
    flow.seen('records').holds = true
    await until('it to stand', () => flow.seen('records').arrived.length >= 6)
    const done = numbers().length - 200
    await deploy({ maxInFlight: 200 })
    flow.seen('records').holds = false
    await finished()
    assert.deepEqual([...new Set(numbers())], upTo(1_000))
    assert.ok(numbers().length <= 1_000 + 400, `${numbers().length} of which ${done} were done`)
  })

  it('sends again what the flow fails with, and reads no further meanwhile', async () => {
    archive(300)
    flow.seen('records').fails = 3
    await deploy({ maxInFlight: 100 })
    say(Date.now())
    await finished()
    assert.equal(flow.seen('records').arrived.length, 6)
    assert.deepEqual([...new Set(numbers())], upTo(300))
  })

  it('rejects a row that is no record, and the rest of a damaged file; the others go on', async () => {
    archive(720)
    const [first, second] = folder.files
    writeFileSync(
      join(folder.path, first!),
      gzipSync('{"n":0,"ts_utc":"2026-03-01T00:00:00Z"}\nrubbish\n')
    )
    writeFileSync(join(folder.path, second!), 'no gzip')
    await deploy()
    say(Date.now())
    await finished()
    assert.deepEqual(numbers(), [0])
    const bad = flow.seen('bad').records.filter(isRejection)
    assert.deepEqual(
      bad.map(({ reason }) => reason.code),
      ['JSON_INVALID', 'ARCHIVE_FILE_INVALID']
    )
  })

  it('tells of a file that was deleted after it was listed, and the others go on', async () => {
    archive(1_080)
    flow.seen('records').holds = true
    await deploy()
    say(Date.now())
    await until('the first', () => flow.seen('records').arrived.length > 0)
    const gone = folder.files[1]!
    rmSync(join(folder.path, gone))
    flow.seen('records').holds = false
    for (const { done } of flow.seen('records').arrived) done()
    await finished()
    assert.deepEqual(numbers(), [...upTo(360), ...upTo(1_080).slice(720)])
    const bad = flow.seen('bad').records.filter(isRejection)
    assert.deepEqual(
      bad.map(({ reason }) => reason.message),
      [`${gone} is not there any more: it was listed, and deleted since.`]
    )
  })

  it('waits, and says so, while the store is not there', async () => {
    await deploy()
    folder.remove()
    say(Date.now())
    await until('the word', () => /folder missing/.test(flow.statusOf('source').join('\n')))
    mkdirSync(folder.path)
    await finished()
  })
})
