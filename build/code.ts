import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'
import { changingExports, plainExports } from './exports.ts'
import { type Files, filesBelow } from './files.ts'
import { thirdPartyNotices } from './notices.ts'
import { HOME, isCompanion, manifestOf } from './palettes.ts'
import type { Room } from './rooms.ts'

/** Where the files of a package come from, and what stays outside of them. */
interface Place {
  /** The folder that imports are relative to in what is built. */
  readonly home: string
  /** What several rooms share, a file each: `core/` below home. */
  readonly core: string
  /** Packages that users install, or have beside this one. */
  readonly installed: ReadonlySet<string>
}

/**
 * `core/` and the packages are those of the repository, even where a test builds rooms of another
 * folder; a companion has a `core/` of its own, if any, and that of the main package by its name.
 */
async function placeOf(root: string): Promise<Place> {
  const home = isCompanion(root) ? root : HOME
  const { dependencies, peerDependencies } = await manifestOf(home)
  const installed = new Set(Object.keys({ ...dependencies, ...peerDependencies }))
  return { home, core: join(home, 'core'), installed }
}

/**
 * Every room as one CommonJS file, every file of `core/` as one of its own. Core is never bundled
 * into rooms, because the registry of metrics, the delivery tracker and the classes of records must
 * exist once a process. A package that users do not install is a file of its own below `vendor/`,
 * minified: own code keeps its lines and names, for the stack traces of errors.
 */
export async function compileNodes(root: string, rooms: readonly Room[]): Promise<Files> {
  const place = await placeOf(root)
  const core = (await filesBelow(place.core)).filter(
    path => path.endsWith('.ts') && !path.startsWith('editor')
  )
  const files: Files = new Map([['package.json', Buffer.from('{ "type": "commonjs" }\n')]])
  const inputs = new Set<string>()
  const packages = new Set<string>()
  const compiled = await Promise.all([
    compile(
      root,
      Object.fromEntries(core.map(path => [`core/${path.slice(0, -3)}`, join(place.core, path)])),
      { place, packages }
    ),
    compile(root, isCompanion(root) ? {} : { pages: join(HOME, 'build', 'pages.ts') }, {
      place,
      packages
    }),
    compile(
      root,
      Object.fromEntries(rooms.map(room => [room.name, join(room.folder, 'runtime.ts')])),
      { place, packages },
      DEFAULT_IS_THE_MODULE
    )
  ])
  const changing = new Set(await changingIn(core.map(path => join(place.core, path))))
  for (const file of compiled[0].outputFiles)
    files.set(nameOf(root, file.path), Buffer.from(finished(plainExports(file.text, changing))))
  const vendor = await compileVendor(root, [...packages].sort())
  for (const { outputFiles } of [...compiled.slice(1), vendor])
    for (const file of outputFiles)
      files.set(nameOf(root, file.path), Buffer.from(finished(file.text)))
  for (const { metafile } of [...compiled, vendor])
    for (const input of Object.keys(metafile.inputs)) inputs.add(resolve(HOME, input))
  if (packages.size > 0) files.set('THIRD_PARTY_NOTICES', await thirdPartyNotices([...inputs]))
  return files
}

const nameOf = (root: string, path: string) => relative(root, path).replaceAll('\\', '/')
const finished = (code: string) => loadedWhenNeeded(withoutUnused(code))

async function changingIn(paths: readonly string[]): Promise<string[]> {
  const sources = await Promise.all(paths.map(path => readFile(path, 'utf8')))
  return sources.flatMap(changingExports)
}

/** Node-RED calls what `require` gives. */
const DEFAULT_IS_THE_MODULE = 'module.exports = module.exports.default;'

/** CommonJS has no `import.meta.url`. */
const MODULE_URL = 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;'

const withoutUnused = (code: string) =>
  code.split('moduleUrl').length > 2 ? code : code.replace(`${MODULE_URL}\n`, '').trimStart()

/**
 * `var import_luxon = require("./vendor/luxon.js");`, and of core what brings the writers of all
 * formats along.
 */
const LATE =
  /^var (import_\w+) = (require\("[./]+\/(?:vendor\/[^"]+|core\/registry\/record-writer\.js)"\));$/gm

/**
 * A package of `vendor/` is loaded by who first uses it: most nodes of a palette are not deployed,
 * and Node-RED loads the files of all.
 */
function loadedWhenNeeded(code: string): string {
  const names: string[] = []
  const lazy = code.replace(LATE, (_, name: string, load: string) => {
    names.push(name)
    return `const ${name} = { get now() { return this.loaded ??= ${load}; } };`
  })
  return names.reduce((text, name) => text.replaceAll(`${name}.`, `${name}.now.`), lazy)
}

const shared = (root: string) =>
  ({
    absWorkingDir: HOME,
    outdir: root,
    write: false,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error'
  }) as const

interface Outside {
  readonly place: Place
  /** Gets the names of those that the code imports and users do not install. */
  readonly packages: Set<string>
}

async function compile(
  root: string,
  entryPoints: Record<string, string>,
  outside: Outside,
  footer = ''
) {
  if (Object.keys(entryPoints).length === 0) return { outputFiles: [], metafile: { inputs: {} } }
  return esbuild.build({
    ...shared(root),
    entryPoints,
    footer: { js: footer },
    banner: { js: MODULE_URL },
    define: {
      'import.meta.url': 'moduleUrl',
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename'
    },
    plugins: [leaveOutside(outside)]
  })
}

const compileVendor = (root: string, packages: readonly string[]) =>
  esbuild.build({
    ...shared(root),
    entryPoints: Object.fromEntries(packages.map(path => [vendorName(path), path])),
    minify: true
  })

/** The file of a package, without its ending: `vendor/msgpack-msgpack` of `@msgpack/msgpack`. */
const vendorName = (path: string) =>
  `vendor/${path.replaceAll('@', '').replaceAll('/', '-').replace(/\.js$/, '')}`

/** Core stays outside, and so do packages: those that users install, and those of `vendor/`. */
function leaveOutside({ place, packages }: Outside): esbuild.Plugin {
  const { home, core, installed } = place
  return {
    name: 'leave-outside',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, importer, kind }) => {
        const target = resolve(dirname(importer), path)
        if (kind === 'entry-point' || !isBelow(core, target)) return undefined
        const from = isBelow(core, importer) ? dirname(importer) : home
        const outside = relative(from, target).replaceAll('\\', '/').replace(/\.ts$/, '.js')
        return { path: outside.startsWith('.') ? outside : `./${outside}`, external: true }
      })
      build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return undefined
        const [scope, name] = path.split('/')
        const packageName = path.startsWith('@') ? `${scope}/${name}` : scope!
        const external =
          path.startsWith('node:') ||
          builtinModules.includes(packageName) ||
          installed.has(packageName)
        if (external) return { path, external }
        packages.add(path)
        const up = isBelow(core, importer) ? relative(dirname(importer), home) : '.'
        return { path: `${up.replaceAll('\\', '/')}/${vendorName(path)}.js`, external: true }
      })
    }
  }
}

const isBelow = (folder: string, path: string) =>
  path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`)
