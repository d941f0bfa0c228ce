import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtime5 } from '../runtimes/install.ts'
import { InstalledNodeRed, type Packed, pack } from './installed.ts'
import { projectFiles, ROOT, trackedFiles } from './sources.ts'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  name: string
  version: string
  'node-red': { nodes: Record<string, string> }
}
const listed = Object.keys(manifest['node-red'].nodes)
const families = projectFiles('icons').map(file => file.path.replace('icons/', ''))
const examples = projectFiles('examples').map(file => file.path.replace('examples/', ''))
/** A quarter of it is the rooms for windows, alarms, deadbands, joins and HTTP. */
const MAX_EDITOR_BYTES = 870_000
/** A twelfth of it is the library that reads forms of time. */
const MAX_UNPACKED_BYTES = 4_650_000

interface NodeSet {
  readonly module: string
  readonly name: string
  readonly types: readonly string[]
  readonly enabled: boolean
  readonly err?: string
}

const runtimes = [
  {
    title: 'Node-RED 4.1',
    find: async () => ({ node: process.execPath, nodeRed: join(ROOT, 'node_modules', 'node-red') })
  },
  { title: 'Node-RED 5', find: runtime5 }
]

describe('the package', function () {
  this.timeout(300_000)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  let packed: Packed

  before(async () => {
    packed = await pack(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('holds what users need, and not what made it', () => {
    const needed = [
      'package.json',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'NOTICE',
      'dist/THIRD_PARTY_NOTICES',
      'dist/package.json'
    ]
    for (const file of [
      ...needed,
      ...listed.map(name => `dist/${name}.js`),
      ...examples.map(file => `examples/${file}`)
    ]) {
      assert.ok(packed.files.includes(file), `${file} is missing`)
    }
    const odd = packed.files.filter(
      file => !needed.includes(file) && !/^(dist|examples)\//.test(file)
    )
    assert.deepEqual(odd, [])
    assert.ok(packed.unpackedBytes < MAX_UNPACKED_BYTES, `${packed.unpackedBytes} bytes`)
  })

  for (const { title, find } of runtimes) {
    describe(`installed into an empty ${title}`, () => {
      const nodeRed = new InstalledNodeRed()

      before(async () => {
        const { node, nodeRed: home } = await find()
        await nodeRed.start([packed.tarball], node, home)
      })
      after(() => nodeRed.remove())

      it('registers every node without an error', async () => {
        const sets = (await nodeRed.json<NodeSet[]>('/nodes')).filter(
          set => set.module === manifest.name
        )
        assert.deepEqual(sets.map(set => set.name).sort(), [...listed].sort())
        for (const set of sets)
          assert.deepEqual(
            [set.types, set.enabled, set.err],
            [[`millrace-${set.name}`], true, undefined]
          )
        assert.doesNotMatch(nodeRed.output, /\[(warn|error)\].*millrace/i)
      })

      it('serves the icons', async () => {
        const icons = await nodeRed.json<Record<string, string[]>>('/icons')
        assert.deepEqual([...(icons[manifest.name] ?? [])].sort(), [...families].sort())
        for (const file of families)
          assert.match(await nodeRed.text(`/icons/${manifest.name}/${file}`), /^<svg /)
      })

      it('serves the texts', async () => {
        for (const name of listed) {
          const texts = await nodeRed.json<{ label: string }>(
            `/nodes/${manifest.name}/${name}/messages?lng=en-US`
          )
          assert.equal(texts.label, name.replaceAll('-', ' '))
        }
      })

      it('lists the examples', async () => {
        const found = await nodeRed.json<({ fn: string } | string)[]>(
          `/library/examples/flows/${manifest.name}`
        )
        const names = found.map(entry => (typeof entry === 'string' ? entry : entry.fn))
        assert.deepEqual(names.sort(), examples.map(file => file.replace(/\.json$/, '')).sort())
        for (const name of names) {
          const flow = await nodeRed.json<{ type: string }[]>(
            `/library/examples/flows/${manifest.name}/${name}`
          )
          assert.ok(flow.some(node => node.type.startsWith('millrace-')))
        }
      })

      it('keeps the editor light', async () => {
        const plugins = await nodeRed.text('/plugins')
        const shared = plugins
          .split('<!-- --- [red-plugin:')
          .filter(part => part.startsWith(manifest.name))
        assert.equal(shared.length, 1)
        const nodes = (await nodeRed.text('/nodes'))
          .split('<!-- --- [red-module:')
          .filter(part => part.startsWith(manifest.name))
        assert.equal(nodes.length, listed.length)
        const bytes = Buffer.byteLength([...shared, ...nodes].join(''))
        assert.ok(bytes < MAX_EDITOR_BYTES, `${bytes} bytes`)
      })
    })
  }
})

/** In pieces, or this file would be found by itself. */
const FORBIDDEN = [
  [
    'a word of how it was made',
    `\\b(Cla${'ude'}|Anthro${'pic'}|Chat${'GPT'}|Open${'AI'}|L${'LM'}|Co${'pilot'})\\b`
  ],
  ['the name of a machine or a folder of it', `/wo${'rk'}/(main|shared)|\\.\\./sha${'red'}`],
  [
    'a host of a package registry',
    `regis${'try'}\\.npmjs\\.org|npm${'mirror'}\\.com|repo1?\\.maven\\.apache\\.org/maven2/[a-z]`
  ],
  ['a tracker of work', `\\bFIX${'ME'}\\b|\\bTO${'DO'}\\b`],
  [
    'praise',
    `\\b([Rr]evolution${'ary'}|[Bb]lazing${'ly'}|game-chang${'ing'}|world-class|cutting-edge)\\b`
  ]
] as const

describe('what the project says', () => {
  for (const [what, pattern] of FORBIDDEN) {
    it(`has nowhere ${what}`, () => {
      const found = trackedFiles()
        .filter(file => file.path !== 'test/house/package.test.ts')
        .filter(file => new RegExp(pattern).test(file.text))
      assert.deepEqual(
        found.map(file => file.path),
        []
      )
    })
  }
})
