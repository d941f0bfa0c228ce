import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node } from 'node-red'
import { isRejection } from '../../../core/record/record.ts'
import enrich from '../../../nodes/enrich/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const flow = (options: object) => [
  { id: 'tab', type: 'tab', label: 'test' },
  {
    id: 'enrich',
    type: 'millrace-enrich',
    z: 'tab',
    ...options,
    wires: [['enriched'], ['rejected']]
  },
  { id: 'enriched', type: 'collect', z: 'tab', wires: [] },
  { id: 'rejected', type: 'collect', z: 'tab', wires: [] },
  { id: 'catch', type: 'catch', z: 'tab', scope: ['enrich'], wires: [['failed']] },
  { id: 'failed', type: 'collect', z: 'tab', wires: [] }
]

describe('nodes/enrich in Node-RED', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let file: string
  before(async () => {
    file = join(await mkdtemp(join(tmpdir(), 'millrace-enrich-')), 'devices.csv')
    nodeRed = await startNodeRed({ nodes: [enrich, registerCollect] })
  })
  after(async () => {
    await nodeRed?.stop()
    await rm(join(file, '..'), { recursive: true })
  })
  beforeEach(() => {
    for (const id of ['enriched', 'rejected', 'failed']) collectorOf(id).got.length = 0
    nodeRed.logs.length = 0
  })
  afterEach(() => rm(file, { force: true }))

  const send = (payload: unknown) => nodeRed.node<Node>('enrich').receive({ payload } as never)
  const idsOf = (id: string) =>
    collectorOf(id).records.map(record => (record as { device_id: string }).device_id)

  it('holds records back in order while the source is away, says so once, and goes on when it is there', async () => {
    await nodeRed.deploy(flow({ source: 'file', file }))
    send({ device_id: 'a' })
    send([{ device_id: 'b' }, { device_id: 'x' }])
    send({ device_id: 'c' })
    await until('a second try', () => nodeRed.logs.length > 0)
    assert.deepEqual(idsOf('enriched'), [])

    await writeFile(file, 'device_id,location\na,A\nb,B\nc,C\nd,D\n')
    await until('the records', () => idsOf('enriched').length === 3)
    send({ device_id: 'd' })
    await until('the last record', () => idsOf('enriched').length === 4)
    assert.deepEqual(idsOf('enriched'), ['a', 'b', 'c', 'd'])
    const [rejection] = collectorOf('rejected').records
    assert.ok(isRejection(rejection) && rejection.reason.code === 'UNKNOWN_DEVICE')
    const lines = nodeRed.logs.filter(({ id }) => id === 'enrich')
    assert.equal(lines.length, 1, JSON.stringify(lines))
    assert.match(
      String(lines[0]!.msg),
      /^The metadata cannot be read: the file .*devices\.csv is not there\./
    )
  })

  it('fails a message that waited as long as it may', async () => {
    await nodeRed.deploy(flow({ source: 'file', file, waitS: 0.2 }))
    send({ device_id: 'a' })
    const { message } = await until('the failure', () => collectorOf('failed').got[0])
    const { error } = message as { error?: { message: string } }
    assert.match(error!.message, /could not be looked up within 0\.2 s: the file .* is not there/)
    assert.deepEqual(message.payload, { device_id: 'a' })
    assert.deepEqual(idsOf('enriched'), [])
  })

  it('ends at once when it is redeployed while records wait', async () => {
    await nodeRed.deploy(flow({ source: 'file', file, waitS: 3600 }))
    send({ device_id: 'a' })
    const startedMs = performance.now()
    await nodeRed.deploy(flow({ devices: 'device_id,location\na,A\n' }))
    assert.ok(performance.now() - startedMs < 10_000)
    send({ device_id: 'a' })
    await until('the record', () => collectorOf('enriched').got.length > 0)
    assert.deepEqual(collectorOf('enriched').records, [{ device_id: 'a', location: 'A' }])
  })

  it('does not start with wrong settings, and says them all', async () => {
    await nodeRed.deploy(flow({ key: '', devices: 'x', keyColumn: 'device_id' }))
    const [line] = nodeRed.logs.filter(({ id }) => id === 'enrich')
    assert.match(String(line!.msg), /enrich: Device is in field: is required/)
    send({ device_id: 'a' })
    await until('the failure', () => collectorOf('failed').got.length > 0)
    assert.deepEqual(idsOf('enriched'), [])
  })
})
