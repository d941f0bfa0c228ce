import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlowPlace } from '../../../core/deployments.ts'
import { PausedStores } from '../../../core/state/paused-stores.ts'
import { until } from '../../until.ts'

describe('the stores of disabled nodes', () => {
  let root: string
  let changed: () => void
  const inFile = new Set<string>()
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-paused-'))
    inFile.clear()
  })
  afterEach(() => rmSync(root, { recursive: true }))

  /** As Node-RED knows the module after a start. */
  const start = (type = 'millrace-test') =>
    new PausedStores(root, type, {
      lacks: ({ path }: FlowPlace) => !inFile.has(path.at(-1)!),
      onChange: (_owner, listener) => {
        changed = listener
      }
    })
  const storeOf = (id: string) => {
    const folder = join(root, id)
    mkdirSync(folder)
    writeFileSync(join(folder, 'CURRENT'), '')
    return folder
  }
  const placeOf = (id: string): FlowPlace => ({ path: ['tab', id], type: 'millrace-test' })

  it('are removed once the nodes are deleted, also after a start of Node-RED', async () => {
    const [gone, there] = [storeOf('gone'), storeOf('there')]
    const before = start()
    for (const id of ['gone', 'there']) before.add(join(root, id), placeOf(id))
    inFile.add('there')
    start()
    changed()
    await until('the store to be removed', () => !existsSync(gone))
    assert.deepEqual(readdirSync(root).sort(), ['there', 'there.paused.json'])
    assert.ok(existsSync(there))
  })

  it('stay where the node was enabled again, or is of another type', () => {
    storeOf('enabled')
    const before = start()
    before.add(join(root, 'enabled'), placeOf('enabled'))
    start('millrace-other')
    changed()
    assert.ok(existsSync(join(root, 'enabled.paused.json')))
    start().forget(join(root, 'enabled'))
    start()
    changed()
    assert.deepEqual(readdirSync(root), ['enabled'])
  })

  it('are left alone where what is known of them is torn', () => {
    storeOf('torn')
    writeFileSync(join(root, 'torn.paused.json'), '{"path":')
    start()
    changed()
    assert.ok(existsSync(join(root, 'torn')))
  })
})
