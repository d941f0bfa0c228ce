import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checks } from '@millrace/node-red-telemetry/conformance'
import { startNodeRed } from './node-red.mjs'

const folder = mkdtempSync(join(tmpdir(), 'my-telemetry-file-'))
const file = join(folder, 'readings.jsonl')
const START_MS = Date.UTC(2026, 2, 1)
const record = n => ({ n, device_id: 'sensor-001', value: n / 3 })

const subjects = [
  {
    type: 'my-round-value',
    config: { field: 'value', digits: 1 },
    outputs: ['passed', 'rejected'],
    idField: 'n',
    record
  },
  {
    type: 'my-value-change',
    config: {},
    outputs: ['passed', 'rejected'],
    idField: 'n',
    record: n => ({ ...record(n), metric: 't', ts_utc: new Date(START_MS + n).toISOString() }),
    again: 'left out'
  },
  {
    type: 'my-append-file',
    config: { file },
    outputs: ['stored', 'rejected'],
    idField: 'n',
    record,
    stored: async () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
      return lines.map(line => String(JSON.parse(line).n))
    }
  }
]

describe('what Millrace promises of a node', () => {
  let nodeRed
  before(async () => {
    nodeRed = await startNodeRed()
  })
  after(async () => {
    await nodeRed.stop()
    rmSync(folder, { recursive: true })
  })

  for (const subject of subjects) {
    describe(subject.type, () => {
      for (const check of checks) it(check.name, () => check.run(nodeRed, subject))
    })
  }
})
