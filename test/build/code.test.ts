import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changingExports } from '../../build/exports.ts'
import { filesBelow } from '../../build/files.ts'
import { build } from '../../build.ts'
import { projectFiles, ROOT } from '../house/sources.ts'

const HEAVY = ['classic-level', 'kafkajs', 'pg', 'pg-copy-streams', 'mqtt', 'ajv', 'ajv-formats']

/** A palette of one node in a temporary folder. */
function room(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'millrace-build-'))
  const folder = join(root, 'nodes', 'sample')
  mkdirSync(folder, { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return root
}

const timesOf = async (folder: string) =>
  Object.fromEntries(
    (await filesBelow(folder)).map(path => [path, statSync(join(folder, path)).mtimeMs])
  )

const SPEC = `export const spec = { type: 'millrace-sample', label: 'sample', summary: 'Does it.', category: 'telemetry', family: 'transform',
  inputs: 1, outputs: ['out'], fields: {} }`

describe('the built code', () => {
  let names: string[]

  before(async function () {
    this.timeout(30_000)
    names = (await build()).rooms.map(found => found.name)
  })

  it('loads no heavy package before it is needed', () => {
    const script = `
      for (const name of ${JSON.stringify(names)}) require('./dist/' + name + '.js')
      const loaded = Object.keys(require.cache).map(path => /node_modules[\\\\/]((?:@[^\\\\/]+[\\\\/])?[^\\\\/]+)/.exec(path)?.[1])
      console.log(JSON.stringify([...new Set(loaded)].filter(Boolean)))`
    const loaded = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' })
    ) as string[]
    assert.deepEqual(
      loaded.filter(name => HEAVY.includes(name)),
      []
    )
  })

  it('loads no library or writer of a format before it is needed', () => {
    const script = `
      for (const name of ${JSON.stringify(names)}) require('./dist/' + name + '.js')
      console.log(JSON.stringify(Object.keys(require.cache).map(path => path.replaceAll('\\\\', '/'))))`
    const loaded = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' })
    ) as string[]
    const late =
      /dist\/(vendor\/protobufjs|core\/format\/(avro|protobuf)|core\/registry\/record-writer)/
    assert.deepEqual(
      loaded.filter(path => late.test(path)),
      []
    )
  })

  it('is a function of RED for each node', () => {
    const script = `console.log(JSON.stringify(${JSON.stringify(names)}.map(name => typeof require('./dist/' + name + '.js'))))`
    const kinds = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' })
    ) as string[]
    assert.deepEqual(new Set(kinds), new Set(['function']))
  })

  it('has core once, whichever node asks for it', () => {
    for (const name of names) {
      const text = readFileSync(join(ROOT, 'dist', `${name}.js`), 'utf8')
      assert.match(
        text,
        /require\("\.\/core\/(?:node|sink|source|state)\/define-[a-z]+\.js"\)/,
        name
      )
      assert.doesNotMatch(text, /^\/\/ core\//m, `${name} has a file of core in it`)
    }
  })

  it('exports of core are plain values, and getters only where they change', () => {
    const script = `
      const { readdirSync } = require('node:fs')
      const getters = []
      let values = 0
      for (const path of readdirSync('dist/core', { recursive: true })) {
        // A command runs when it is loaded.
        if (!path.endsWith('.js') || path.startsWith('cli')) continue
        const found = Object.getOwnPropertyDescriptors(require('./dist/core/' + path))
        for (const [name, { get }] of Object.entries(found)) get ? getters.push(name) : values++
      }
      console.log(JSON.stringify({ getters, values }))`
    const { getters, values } = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' })
    ) as { getters: string[]; values: number }
    const changing = projectFiles('core').flatMap(({ text }) => changingExports(text))
    assert.ok(changing.length > 0 && values > 500)
    assert.deepEqual([...new Set(getters)].sort(), [...new Set(changing)].sort())
  })

  it('contains what is not installed with it, with its licence', async () => {
    const root = room({
      'spec.ts': SPEC,
      'runtime.ts': `import { parse } from 'papaparse'\nexport default () => parse('a')`
    })
    const { files } = await build({ root })
    const code = files.get('sample.js')!.toString()
    assert.doesNotMatch(code, /require\("papaparse/)
    assert.match(files.get('THIRD_PARTY_NOTICES')!.toString(), /^papaparse \d.*\(MIT\)/m)
    rmSync(root, { recursive: true })
  })

  it('has a package of others once, minified, and its own code with its lines', async () => {
    const { files } = await build()
    const vendor = [...files].filter(([path]) => path.startsWith('vendor/'))
    assert.ok(vendor.length > 0)
    for (const [path, content] of vendor) {
      const lines = content.toString().split('\n').length
      assert.ok(content.length / lines > 500, `${path} has ${lines} lines`)
    }
    for (const [path, content] of files)
      assert.doesNotMatch(content.toString('latin1'), /^\/\/ .*node_modules\//m, path)
  })

  it('leaves out, with a warning, a node that is being written', async () => {
    const root = room({ 'spec.ts': SPEC })
    const { rooms, warnings } = await build({ root })
    assert.deepEqual([rooms, warnings], [[], ['nodes/sample is not built: it has no runtime.ts']])
    rmSync(root, { recursive: true })
  })

  it('keeps files that did not change, and removes those that are no longer made', async () => {
    const root = room({ 'spec.ts': SPEC, 'runtime.ts': 'export default () => {}' })
    const outdir = join(root, 'dist')
    await build({ root, outdir })
    const before = await timesOf(outdir)
    writeFileSync(join(outdir, 'left-over.js'), '')
    await build({ root, outdir })
    assert.deepEqual(await timesOf(outdir), before)
    rmSync(root, { recursive: true })
  })
})
