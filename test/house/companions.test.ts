import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { companions, type Manifest } from '../../build/palettes.ts'
import { readRooms } from '../../build/rooms.ts'
import { type Import, importsOf, projectFiles, ROOT, type Source } from './sources.ts'

const MAIN = '@millrace/node-red-telemetry'
const main = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest
const palettes = await companions()
const product = projectFiles('palettes').filter(({ path }) =>
  /^palettes\/[^/]+\/(core|nodes)\/.+\.ts$/.test(path)
)

const paletteOf = (path: string) => /^palettes\/[^/]+/.exec(path)?.[0]
const roomOf = (path: string) => /^palettes\/[^/]+\/nodes\/([^/]+)\//.exec(path)?.[1]
const packageOf = (from: string) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(from)![0]
const targetOf = (file: string, from: string) =>
  from.startsWith('.') ? posix.join(posix.dirname(file), from) : from

function offences(
  files: readonly Source[],
  isAllowed: (what: Import, target: string, file: string) => boolean
): string[] {
  return files.flatMap(file =>
    importsOf(file)
      .filter(what => !isAllowed(what, targetOf(file.path, what.from), file.path))
      .map(what => `${file.path} → ${what.from}`)
  )
}

/** Files that a page of the editor is made of: the hooks of a room, and what they import. */
function inBrowser(files: readonly Source[]): Source[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const found = new Set<Source>()
  const visit = (file: Source | undefined) => {
    if (file === undefined || found.has(file)) return
    found.add(file)
    for (const { from, typeOnly } of importsOf(file))
      if (!typeOnly) visit(byPath.get(targetOf(file.path, from)))
  }
  for (const file of files) if (/\/(editor|migrations)\.ts$/.test(file.path)) visit(file)
  return [...found]
}

describe('companions', () => {
  it('know the main package by its door only, and others by their dependencies', () => {
    const known = new Map(
      palettes.map(({ short, manifest }) => [
        `palettes/${short}`,
        new Set([MAIN, ...Object.keys(manifest.dependencies ?? {})])
      ])
    )
    assert.deepEqual(
      offences(product, ({ from }, target, file) => {
        if (from.startsWith('node:')) return true
        if (from === `${MAIN}/editor`) return true
        if (!from.startsWith('.')) return known.get(paletteOf(file)!)?.has(from) ?? false
        return paletteOf(target) === paletteOf(file)
      }),
      []
    )
  })

  it('have rooms that import their own files and the core of their palette', () => {
    const rooms = product.filter(({ path }) => roomOf(path) !== undefined)
    const core = product.filter(({ path }) => roomOf(path) === undefined)
    const isShared = (target: string, file: string) => target.startsWith(`${paletteOf(file)}/core/`)
    assert.deepEqual(
      offences(
        rooms,
        ({ from }, target, file) =>
          !from.startsWith('.') || isShared(target, file) || roomOf(target) === roomOf(file)
      ),
      []
    )
    assert.deepEqual(
      offences(core, ({ from }, target, file) => !from.startsWith('.') || isShared(target, file)),
      []
    )
  })

  it('load the clients of their systems when they are first needed', () => {
    assert.deepEqual(
      offences(
        product,
        ({ from, typeOnly, dynamic }) =>
          typeOnly || dynamic || from.startsWith('.') || from.startsWith('node:') || from === MAIN
      ),
      []
    )
  })

  it('take only types of the main package into the editor, which has it already', () => {
    assert.deepEqual(
      offences(inBrowser(product), ({ from, typeOnly }) => typeOnly || from.startsWith('.')),
      []
    )
  })

  it('have specs that are data', () => {
    const specs = product.filter(({ path }) => path.endsWith('/spec.ts'))
    const isCore = (target: string) => /^palettes\/[^/]+\/core\//.test(target)
    assert.deepEqual(
      offences(specs, ({ from, typeOnly }, target) => typeOnly || from === MAIN || isCore(target)),
      []
    )
  })

  it('have a door whose every part is explained', () => {
    const door = projectFiles('core').find(({ path }) => path === 'core/palette.ts')!.text
    const values = [...door.matchAll(/^export \{([^}]+)\}/gm)].flatMap(([, names]) =>
      names!
        .split(',')
        .map(name => name.trim())
        .filter(name => name !== '' && !/^type /.test(name))
    )
    const text = readFileSync(join(ROOT, 'docs', 'palettes.md'), 'utf8')
    assert.ok(values.length > 40)
    assert.deepEqual(
      values.filter(name => !new RegExp(`\\b${name}\\b`).test(text)),
      []
    )
  })

  it('are not needed by the main package', () => {
    const files = projectFiles('core', 'nodes').filter(({ path }) => path.endsWith('.ts'))
    assert.deepEqual(
      offences(files, (_what, target) => !target.startsWith('palettes/')),
      []
    )
  })

  for (const { short, folder, manifest } of palettes) {
    describe(manifest.name, () => {
      it('is called after its folder, and stands beside this version of the main package', () => {
        assert.equal(manifest.name, `${MAIN}-${short}`)
        assert.equal(manifest.version, main.version)
        assert.deepEqual(manifest.peerDependencies, { [MAIN]: `^${main.version}` })
        assert.equal(manifest.devDependencies, undefined)
      })

      it('has clients that a fresh clone has as well, in the same version', () => {
        for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
          assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`)
          assert.equal(main.devDependencies?.[name], version, name)
          assert.ok(!(name in (main.dependencies ?? {})), `${name} is one of the main package`)
        }
        for (const file of product.filter(({ path }) => paletteOf(path) === `palettes/${short}`))
          for (const { from } of importsOf(file))
            if (!from.startsWith('.') && !from.startsWith('node:') && packageOf(from) !== MAIN)
              assert.ok(packageOf(from) in manifest.dependencies!, `${file.path} → ${from}`)
      })

      it('is packed, installed and run by a test of its own', () => {
        const file = join(ROOT, 'test', 'palettes', short, 'package.test.ts')
        assert.match(readFileSync(file, 'utf8'), new RegExp(`holdsAsPackage\\('${short}'`))
      })

      it('has types of nodes that no other palette has', async () => {
        const types = (await readRooms(folder)).rooms.map(({ spec }) => spec.type)
        const others = (
          await Promise.all(
            [
              ROOT,
              ...palettes.filter(other => other.short !== short).map(other => other.folder)
            ].map(root => readRooms(root))
          )
        ).flatMap(({ rooms }) => rooms.map(({ spec }) => spec.type as string))
        assert.deepEqual(
          types.filter(type => others.includes(type)),
          []
        )
      })
    })
  }
})
