/** What holds of the package of every companion: packed, and installed beside the main one. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { companion } from '../../build/palettes.ts'
import type { MetricsReport } from '../../core/node/metrics.ts'
import { InstalledNodeRed, npm, type Packed, pack } from '../house/installed.ts'
import { ROOT } from '../house/sources.ts'
import type { FlowEntry } from '../node-red.ts'
import { until } from '../until.ts'

type Counts = Partial<Record<'in' | 'out' | 'stored' | 'rejected', number>>

export interface Lessons {
  /** Settings by which the nodes of the lessons find the services of this run, by their type. */
  here(): Promise<Readonly<Record<string, object>>>
  /** Counts that nodes must come to when all buttons of the lessons were pressed once. */
  readonly outcomes: Readonly<Record<string, Counts>>
}

interface NodeSet {
  readonly module: string
  readonly name: string
  readonly types: readonly string[]
  readonly enabled: boolean
  readonly err?: string
}

/** More is mostly a picture, or a package that is bundled twice. */
const MAX_UNPACKED_BYTES = 400_000

export async function holdsAsPackage(short: string, { here, outcomes }: Lessons): Promise<void> {
  const { folder, manifest } = await companion(short)
  const { name, dependencies = {} } = manifest
  const listed = Object.keys(manifest['node-red'].nodes)
  const examples = readdirSync(join(folder, 'examples'))
  const read = (file: string) =>
    JSON.parse(readFileSync(join(folder, 'examples', file), 'utf8')) as FlowEntry[]

  describe(`${name}, packed`, function () {
    this.timeout(300_000)
    const place = mkdtempSync(join(tmpdir(), 'millrace-companion-'))
    const nodeRed = new InstalledNodeRed()
    let packed: Packed

    before(async () => {
      // Builds all packages.
      const main = await pack(place)
      const { stdout } = await npm(
        ['pack', '--json', '--ignore-scripts', '--pack-destination', place],
        folder
      )
      packed = packedOf(stdout, place)
      await nodeRed.start(
        [main.tarball, packed.tarball],
        process.execPath,
        join(ROOT, 'node_modules', 'node-red')
      )
    })
    after(async () => {
      await nodeRed.remove()
      rmSync(place, { recursive: true, force: true })
    })

    it('holds what users need, and not what made it', () => {
      const needed = ['package.json', 'README.md', 'LICENSE', 'dist/package.json']
      for (const file of [
        ...needed,
        ...listed.map(room => `dist/${room}.js`),
        ...examples.map(file => `examples/${file}`)
      ])
        assert.ok(packed.files.includes(file), `${file} is missing`)
      assert.deepEqual(
        packed.files.filter(file => !needed.includes(file) && !/^(dist|examples)\//.test(file)),
        []
      )
      assert.ok(packed.unpackedBytes < MAX_UNPACKED_BYTES, `${packed.unpackedBytes} bytes`)
    })

    it('registers its nodes in an empty Node-RED, with one core for both packages', async () => {
      const sets = (await nodeRed.json<NodeSet[]>('/nodes')).filter(set => set.module === name)
      assert.deepEqual(sets.map(set => set.name).sort(), [...listed].sort())
      for (const set of sets)
        assert.deepEqual(
          [set.types, set.enabled, set.err],
          [[`millrace-${set.name}`], true, undefined]
        )
      assert.doesNotMatch(nodeRed.output, /\[(warn|error)\].*millrace/i)
      const installed = join(nodeRed.userDir, 'node_modules', ...name.split('/'))
      assert.ok(!existsSync(join(installed, 'node_modules', '@millrace')))
      for (const client of Object.keys(dependencies))
        assert.ok(existsSync(join(nodeRed.userDir, 'node_modules', client)), client)
    })

    it('serves icons, texts and lessons', async () => {
      const icons = await nodeRed.json<Record<string, string[]>>('/icons')
      for (const room of listed) {
        assert.ok(icons[name]?.includes(`${room}.svg`), room)
        const texts = await nodeRed.json<{ label: string }>(
          `/nodes/${name}/${room}/messages?lng=en-US`
        )
        assert.equal(texts.label, room.replaceAll('-', ' '))
      }
      const lessons = await nodeRed.json<({ fn: string } | string)[]>(
        `/library/examples/flows/${name}`
      )
      assert.deepEqual(
        lessons.map(entry => (typeof entry === 'string' ? entry : entry.fn)).sort(),
        examples.map(file => file.replace(/\.json$/, '')).sort()
      )
      assert.match(await nodeRed.text('/nodes'), new RegExp(`data-module="${name}"`))
    })

    it('has lessons that say what to do, and whose buttons do it', async () => {
      const settings = await here()
      const nodes = examples.flatMap(read)
      for (const file of examples) {
        assert.ok(
          read(file).some(({ type }) => type === 'comment'),
          file
        )
        assert.doesNotMatch(JSON.stringify(read(file)), /\$\{[A-Z]/, file)
      }
      await nodeRed.post(
        '/flows',
        nodes.map(node => ({ ...node, ...settings[node.type] }))
      )
      const metrics = () => nodeRed.json<MetricsReport>('/millrace/metrics')
      const wired = nodes.filter(({ type, z }) => type.startsWith('millrace-') && z !== undefined)
      await until(
        'all nodes to be well',
        async () => {
          const states = new Map((await metrics()).nodes.map(({ id, status }) => [id, status]))
          return wired.every(({ id }) => states.get(id)?.healthy)
        },
        30_000
      )
      for (const { id } of nodes.filter(({ type }) => type === 'inject'))
        await fetch(`${nodeRed.url}/inject/${id}`, { method: 'POST' })
      for (const [id, expected] of Object.entries(outcomes)) {
        const counts = async () => (await metrics()).nodes.find(node => node.id === id)?.counts
        const isMet = (now: Counts | undefined) =>
          Object.entries(expected).every(([key, count]) => now?.[key as keyof Counts] === count)
        await until(`${id} to come to ${JSON.stringify(expected)}`, async () => {
          const now = await counts()
          if (isMet(now)) return true
          throw new Error(JSON.stringify(now))
        })
      }
      assert.doesNotMatch(nodeRed.output, /OPTIONS_INVALID|unknown/i)
    })
  })
}

function packedOf(stdout: string, folder: string): Packed {
  const [result] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as {
    filename: string
    unpackedSize: number
    files: { path: string }[]
  }[]
  return {
    tarball: join(folder, result!.filename),
    unpackedBytes: result!.unpackedSize,
    files: result!.files.map(file => file.path)
  }
}
