import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureFlowFile, mergeFlows, pipeline } from '../../../stack/node-red/flows.ts'

describe('the flow file', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-flows-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('has each configuration node once', () => {
    const broker = { id: 'b', type: 'millrace-mqtt-broker' }
    const tab = (id: string) => ({ id, type: 'tab' })
    assert.deepEqual(
      mergeFlows([
        [tab('1'), broker],
        [tab('2'), broker]
      ]),
      [tab('1'), broker, tab('2')]
    )
  })

  it('has the tabs in the order of the pipeline', () => {
    for (const name of ['aside', 'monitor', 'persist', 'process', 'ingest']) {
      writeFileSync(join(folder, `${name}.json`), JSON.stringify([{ id: name, type: 'tab' }]))
    }
    const ids = pipeline({ withSimulator: true }, folder).map(node => node.id)
    assert.deepEqual(ids, ['ingest', 'process', 'persist', 'monitor', 'aside'])
  })

  it('refuses what is no flow, by name', () => {
    writeFileSync(join(folder, 'ingest.json'), '[{"id": 1}]')
    assert.throws(
      () => pipeline({ withSimulator: true }, folder),
      /ingest\.json is no list of nodes/
    )
  })

  it('can do without the simulator', () => {
    const isSimulator = (node: { type: string }) => node.type === 'millrace-device-simulator'
    assert.ok(pipeline({ withSimulator: true }).some(node => isSimulator(node) && !node.d))
    assert.ok(pipeline({ withSimulator: false }).every(node => !isSimulator(node) || node.d))
  })

  it('stays as a person has changed it', () => {
    const file = join(folder, 'flows.json')
    assert.equal(ensureFlowFile(file, [{ id: 'a', type: 'tab' }]), true)
    writeFileSync(file, 'changed')
    assert.equal(ensureFlowFile(file, [{ id: 'a', type: 'tab' }]), false)
    assert.equal(readFileSync(file, 'utf8'), 'changed')
  })
})
