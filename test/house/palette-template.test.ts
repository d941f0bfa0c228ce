import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { until } from '../until.ts'
import { InstalledNodeRed, npm, pack } from './installed.ts'
import { ROOT } from './sources.ts'

/** What a person installs beside our package; here it is taken from this repository. */
const TOOLS = ['typescript', 'node-red', '@types/node', '@types/node-red']

interface Metrics {
  readonly nodes: readonly { readonly status?: { readonly healthy: boolean } }[]
}

/**
 * A source for a flow that runs in another process: a message sent to it by HTTP is answered when
 * it is acknowledged.
 */
const SOURCE = `
const { conformanceNodes, feedOf } = require('@millrace/node-red-telemetry/conformance')
module.exports = RED => {
  conformanceNodes(RED)
  RED.httpAdmin.post('/feed/:id', (request, response, next) => {
    const payload = request.body
    const fed = feedOf(request.params.id).send(payload.length, () => structuredClone(payload))
    fed.acknowledged.then(() => response.json({ attempts: fed.attempts }), next)
  })
}`

describe('the template of a palette of somebody else', function () {
  this.timeout(300_000)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-template-'))
  const copy = join(folder, 'palette')
  const nodeRed = new InstalledNodeRed()
  let ours = ''

  before(async () => {
    ours = (await pack(folder)).tarball
    cpSync(join(ROOT, 'palette-template'), copy, {
      recursive: true,
      filter: path => !['node_modules', 'dist'].includes(basename(path))
    })
    const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as {
      devDependencies: object
    }
    assert.deepEqual(Object.keys(manifest.devDependencies).sort(), [...TOOLS].sort())
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, devDependencies: {} }))
    await npm(['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', ours], copy)
    link()
  })
  after(async () => {
    await nodeRed.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  function link(): void {
    const modules = join(copy, 'node_modules')
    for (const name of ['.bin', '@types']) mkdirSync(join(modules, name), { recursive: true })
    for (const name of TOOLS) {
      if (!existsSync(join(modules, name)))
        symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    symlinkSync(
      join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
      join(modules, '.bin', 'tsc')
    )
  }

  it('is built by its own command', () => npm(['run', 'build'], copy))

  it('keeps the promises of every node, by its own test', () => npm(['test'], copy))

  it('runs in an empty Node-RED beside our package, and confirms what it has in its file', async () => {
    const theirs = (await pack(folder, copy)).tarball
    const file = join(folder, 'readings.jsonl')
    mkdirSync(join(nodeRed.userDir, 'nodes'))
    writeFileSync(join(nodeRed.userDir, 'nodes', 'source.js'), SOURCE)
    writeFileSync(join(nodeRed.userDir, 'nodes', 'source.html'), '')
    await nodeRed.start([ours, theirs], process.execPath, join(ROOT, 'node_modules', 'node-red'))
    assert.match(await nodeRed.text('/nodes'), /registerType\('my-append-file'/)
    const place = { z: 'tab', x: 100, y: 100 }
    await nodeRed.post('/flows', [
      { id: 'tab', type: 'tab', label: 'test' },
      {
        id: 'feed',
        type: 'millrace-conformance-feed',
        mode: 'stored',
        ...place,
        wires: [['round']]
      },
      {
        id: 'round',
        type: 'my-round-value',
        field: 'value',
        digits: 1,
        ...place,
        wires: [['change'], []]
      },
      { id: 'change', type: 'my-value-change', ...place, wires: [['append'], []] },
      { id: 'append', type: 'my-append-file', file, ...place, wires: [[], []] }
    ])
    const of = { device_id: 'd1', metric: 't', ts_utc: '2026-03-01T10:00:00Z' }
    const records = [1.26, 2, 3.04].map((value, n) => ({ n, value, ...of }))
    // The answer to a deployment comes before its nodes run.
    const states = async () =>
      (await nodeRed.json<Metrics>('/millrace/metrics')).nodes.map(({ status }) => status?.healthy)
    await until('the sink to run', async () => (await states()).includes(true), 20_000)
    assert.deepEqual(await nodeRed.post('/feed/feed', records), { attempts: 1 })
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    assert.deepEqual(
      lines.map(line => JSON.parse(line)),
      [
        { n: 0, value: 1.3, ...of, change: 0 },
        { n: 1, value: 2, ...of, change: 0.7 },
        { n: 2, value: 3, ...of, change: 1 }
      ]
    )
  })
})
