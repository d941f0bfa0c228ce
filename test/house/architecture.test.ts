import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { functionsOf, type Import, importsOf, projectFiles, ROOT, type Source } from './sources.ts'

const code = projectFiles().filter(file => /\.(ts|mjs)$/.test(file.path))
const product = code.filter(file => /^(core|nodes)\//.test(file.path))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** Every import of these files that a rule does not allow, as `file → import`. */
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

/** The path in the repository that a relative import means; a package's name as it is. */
const targetOf = (file: string, from: string) =>
  from.startsWith('.') ? posix.join(posix.dirname(file), from) : from

const isNodeRed = (target: string) => /^(@node-red\/|node-red$|node-red-)/.test(target)
const packageOf = (target: string) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(target)![0]
const roomOf = (path: string) => /^nodes\/([^/]+)\//.exec(path)?.[1]

/** Each wing of core and what it may import; `ground` are the files that stand in core itself. */
const WINGS: Readonly<Record<string, readonly string[]>> = {
  ground: [],
  record: ['ground'],
  format: ['ground', 'record'],
  sparkplug: ['ground', 'record'],
  pattern: ['ground'],
  advice: ['ground', 'record'],
  delivery: ['ground', 'record'],
  mqtt: ['ground', 'record'],
  postgres: ['ground', 'record'],
  influx: ['ground', 'record'],
  'json-schema': ['ground', 'record', 'pattern'],
  registry: ['ground', 'record', 'format', 'json-schema'],
  kafka: ['ground', 'record'],
  'dead-letter': ['ground', 'record', 'delivery', 'kafka'],
  learn: ['ground', 'record', 'format'],
  node: ['ground', 'record', 'delivery', 'format', 'learn', 'advice'],
  source: ['ground', 'record', 'delivery', 'dead-letter', 'learn', 'node'],
  upload: ['ground', 'record', 'format', 'source'],
  sink: ['ground', 'record', 'delivery', 'learn', 'node'],
  state: ['ground', 'record', 'kafka', 'delivery', 'learn', 'node'],
  editor: ['ground', 'record', 'learn', 'node', 'advice'],
  cli: ['ground', 'node'],
  conformance: ['ground', 'record', 'delivery', 'node', 'source']
}

/** The door for other palettes stands on everything, and nothing on it. */
const DOOR = 'core/palette.ts'

const wingOf = (path: string) => /^core\/([^/]+)\//.exec(path)?.[1] ?? 'ground'

/** Every circle of imports, as `a → b → a`. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const left = new Set<string>()
  const way: string[] = []
  const visit = (file: string) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '))
    else if (!left.has(file)) {
      way.push(file)
      for (const target of graph.get(file) ?? []) visit(target)
      way.pop()
      left.add(file)
    }
  }
  for (const file of graph.keys()) visit(file)
  return circles
}

describe('architecture', () => {
  it('only the runtime of a node, the node definition, the admin routes and the delivery tracker know Node-RED', () => {
    const mayKnow =
      /^(nodes\/[^/]+\/runtime\.ts|core\/node\/(define-[a-z]+|admin|preview|probe|probe\/(route|saved))\.ts|core\/sink\/define-sink\.ts|core\/state\/define-memory\.ts|core\/(delivery|source|conformance)\/.+)$/
    const others = product.filter(file => !mayKnow.test(file.path))
    assert.deepEqual(
      offences(others, (_what, target) => !isNodeRed(target)),
      []
    )
  })

  it('what a node is and what it does know nothing of how Node-RED runs it', () => {
    const pure = product.filter(file => /^nodes\/[^/]+\/(spec|logic|editor)\.ts$/.test(file.path))
    const glue = /^core\/node\/(define-[a-z]+|admin|probe|probe\/.+)\.ts$/
    assert.deepEqual(
      offences(
        pure,
        (_what, target) => !glue.test(target) && !/^nodes\/[^/]+\/runtime\.ts$/.test(target)
      ),
      []
    )
  })

  it('a spec is data: it imports types and constants only', () => {
    const specs = product.filter(file => /^nodes\/[^/]+\/spec\.ts$/.test(file.path))
    // A long list, such as the presets, may stand in a file of its own that needs nothing itself.
    const isData = (path: string) => {
      const file = product.find(each => each.path === path)
      return file !== undefined && importsOf(file).every(what => what.typeOnly)
    }
    assert.deepEqual(
      offences(
        specs,
        (what, target) => what.typeOnly || target.startsWith('core/') || isData(target)
      ),
      []
    )
  })

  it('a node imports its own files, core and packages', () => {
    const rooms = product.filter(file => roomOf(file.path) !== undefined)
    assert.deepEqual(
      offences(
        rooms,
        (what, target, file) =>
          !what.from.startsWith('.') ||
          target.startsWith('core/') ||
          roomOf(target) === roomOf(file)
      ),
      []
    )
  })

  it('core imports core and packages', () => {
    const core = product.filter(file => file.path.startsWith('core/'))
    assert.deepEqual(
      offences(core, (what, target) => !what.from.startsWith('.') || target.startsWith('core/')),
      []
    )
  })

  it('no file of the product imports itself by way of others', () => {
    const graph = new Map(
      product.map(file => {
        const targets = importsOf(file).filter(what => what.from.startsWith('.'))
        return [file.path, targets.map(what => targetOf(file.path, what.from))]
      })
    )
    assert.deepEqual(circlesIn(graph), [])
  })

  it('the page of the architecture has the wings of core, and what each stands on', () => {
    const page = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8')
    const rows = [...page.matchAll(/^\| (?:`(.+)\/`|ground) \| .+ \| (.+) \|$/gm)]
    const told = new Map(rows.map(([, wing = 'ground', on]) => [wing, on!.match(/[a-z-]+/g) ?? []]))
    assert.deepEqual([...told.keys()].sort(), Object.keys(WINGS).sort())
    // Records and the ground need not be named: nearly all stand on them.
    const named = (wings: readonly string[]) =>
      wings.filter(wing => wing in WINGS && wing !== 'ground' && wing !== 'record').sort()
    for (const [wing, on] of told) assert.deepEqual(named(on), named(WINGS[wing]!), wing)
  })

  it('a wing of core imports only what stands below it', () => {
    const core = product.filter(file => file.path.startsWith('core/') && file.path !== DOOR)
    assert.deepEqual(
      offences(core, (what, target, file) => {
        if (target === DOOR) return false
        if (!what.from.startsWith('.') || wingOf(file) === wingOf(target)) return true
        return (WINGS[wingOf(file)] ?? []).includes(wingOf(target))
      }),
      []
    )
  })

  it('the code of the dialogs stays in the browser, and nothing else imports it', () => {
    const isBrowser = (path: string) =>
      path.startsWith('core/editor/') || /^nodes\/[^/]+\/editor(\.ts$|\/)/.test(path)
    const dialogs = product.filter(file => isBrowser(file.path))
    const others = product.filter(file => !isBrowser(file.path))
    assert.deepEqual(
      offences(dialogs, what => what.from.startsWith('.')),
      []
    )
    assert.deepEqual(
      offences(others, (_what, target) => !isBrowser(target)),
      []
    )
  })

  it('the product does not need what only makes, runs or tests it', () => {
    const isOurs = (target: string) => !/^(build|stack|bench|test|flows|examples)\//.test(target)
    assert.deepEqual(
      offences(product, (_what, target) => isOurs(target)),
      []
    )
  })

  it('only core/kafka/kafkajs imports kafkajs, and of the product only the cluster chooses it', () => {
    const adapter = /^(core|test\/core)\/kafka\/kafkajs\//
    const outside = code.filter(({ path }) => !adapter.test(path))
    // They look at Kafka from outside, beside the client under test or measured.
    const rigs =
      /^(test\/(kafka-topics|core\/kafka\/kafka-rig|stack\/clients)|bench\/(topics|contestants\/.+))\.m?[jt]s$/
    assert.deepEqual(
      offences(
        outside,
        (_what, target, file) => packageOf(target) !== 'kafkajs' || rigs.test(file)
      ),
      []
    )
    const others = outside.filter(({ path }) => /^(core|nodes)\//.test(path))
    assert.deepEqual(
      offences(
        others,
        (_what, target, file) => !adapter.test(target) || file === 'core/kafka/cluster.ts'
      ),
      []
    )
  })

  it('depends at run time on six packages at most', () => {
    const agreed = ['ajv', 'ajv-formats', 'classic-level', 'kafkajs', 'mqtt', 'pg']
    const more = Object.keys(manifest.dependencies).filter(name => !agreed.includes(name))
    assert.deepEqual(more, [])
  })

  it('other packages in the product are small ones that the build bundles', () => {
    const bundled = new Set([
      'convert',
      'papaparse',
      '@msgpack/msgpack',
      'cborg',
      'fzstd',
      'luxon',
      'protobufjs',
      'tdigest',
      'aws4'
    ])
    const isKnown = (name: string) =>
      name in manifest.dependencies || bundled.has(name) || name.startsWith('node:')
    assert.deepEqual(
      offences(
        product,
        what => what.typeOnly || what.from.startsWith('.') || isKnown(packageOf(what.from))
      ),
      []
    )
  })

  it('heavy packages are loaded when they are first needed, not when Node-RED starts', () => {
    const heavy = new Set(Object.keys(manifest.dependencies))
    assert.deepEqual(
      offences(product, what => what.typeOnly || what.dynamic || !heavy.has(packageOf(what.from))),
      []
    )
  })
})

describe('the form of the code', () => {
  it('files are named after what they are about', () => {
    const vague = /(^|\/)(utils?|helpers?|common|manager|base|misc)(\.[a-z]+)*$/
    const named = projectFiles().filter(file => file.path.split('/').some(part => vague.test(part)))
    assert.deepEqual(
      named.map(file => file.path),
      []
    )
  })

  it('folders and files have kebab-case names', () => {
    const odd = code.filter(
      file => !file.path.split('/').every(part => /^[a-z0-9.]+(-[a-z0-9.]+)*$/.test(part))
    )
    assert.deepEqual(
      odd.map(file => file.path),
      []
    )
  })

  it('a file has at most 400 lines', () => {
    const long = code
      .map(file => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(file => file.lines > 400)
    assert.deepEqual(long, [])
  })

  it('a line has at most 100 characters, where the formatter can break it', () => {
    const { lineWidth } = (
      JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as {
        formatter: { lineWidth: number }
      }
    ).formatter
    assert.equal(lineWidth, 100)
    const lines = code.flatMap(file => file.text.split('\n'))
    const long = lines.filter(line => line.length > 100)
    // What is left are texts and expressions that stand in one piece.
    assert.ok(long.length < lines.length / 100, `${long.length} of ${lines.length}`)
    const comments = long.filter(line => /^\s*(\*|\/\/|\/\*\*) /.test(line))
    assert.deepEqual(comments, [])
  })

  it('a function has at most 60 lines', () => {
    const long = code
      .filter(file => !file.path.startsWith('test/'))
      .flatMap(file => functionsOf(file).map(found => ({ path: file.path, ...found })))
      .filter(found => found.lines > 60)
    assert.deepEqual(long, [])
  })

  it('a name of a type stands for one thing', () => {
    const EXPORTED = /^export (?:abstract )?(?:interface|type|class) (\w+)/gm
    const places = new Map<string, string[]>()
    for (const { path, text } of code.filter(file => /^(core|nodes)\//.test(file.path)))
      for (const [, name] of text.matchAll(EXPORTED))
        places.set(name!, [...(places.get(name!) ?? []), path])
    assert.deepEqual(
      [...places].filter(([, paths]) => paths.length > 1),
      []
    )
  })

  it('no rule of the language or the linter is switched off, and nothing is left for later', () => {
    const escapes = new RegExp(
      [
        '@ts-(ignore|expect-error|nocheck)',
        'biome-ignore',
        'eslint-disable',
        '\\b(TO' + 'DO|FIX' + 'ME)\\b'
      ].join('|')
    )
    const left = code
      .filter(file => file.path !== 'test/house/architecture.test.ts')
      .filter(file => escapes.test(file.text))
    assert.deepEqual(
      left.map(file => file.path),
      []
    )
  })

  it('no code is made from text', () => {
    const made = product.filter(file => /\beval\(|new Function\(|\bvm\.run/.test(file.text))
    assert.deepEqual(
      made.map(file => file.path),
      []
    )
  })

  // A fault of Node.js: what it is made of may be collected as garbage, and it never aborts.
  it('no time limit rests on AbortSignal.any', () => {
    const weak = product.filter(file => /\bAbortSignal\.any\(/.test(file.text))
    assert.deepEqual(
      weak.map(file => file.path),
      []
    )
  })

  it('tests are neither skipped nor alone', () => {
    const marked = code.filter(
      file =>
        file.path.endsWith('.test.ts') &&
        /\b(it|describe)\.(skip|only)\(|\bthis\.skip\(/.test(file.text)
    )
    assert.deepEqual(
      marked.map(file => file.path),
      []
    )
  })
})
