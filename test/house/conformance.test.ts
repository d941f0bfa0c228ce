import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from '@babel/parser'
import {
  isCallExpression,
  isIdentifier,
  isMemberExpression,
  isNumericLiteral,
  isObjectExpression,
  isObjectProperty,
  isStringLiteral,
  type Node,
  type ObjectExpression,
  traverseFast
} from '@babel/types'
import { companions, mainPalette, type Palette } from '../../build/palettes.ts'
import { type Room, readRooms } from '../../build/rooms.ts'
import { build } from '../../build.ts'
import { CODES } from '../../core/errors.ts'
import { type Field, type NodeSpec, type Place, parseOptions } from '../../core/node/spec.ts'
import { projectFiles, ROOT } from './sources.ts'

const PLACES: ReadonlySet<string> = new Set<Place>([
  'fields',
  'measurements',
  'parts',
  'headers',
  'topic'
])

const palettes = [await mainPalette(), ...(await companions())]

/**
 * What Node-RED's editor keeps for itself (red.js, internalProperties, and what a node has anyway).
 */
const RESERVED = new Set([
  ...[
    'changed',
    'dirty',
    'id',
    'inputLabels',
    'moved',
    'outputLabels',
    'selected',
    'type',
    'users',
    'valid',
    'validationErrors',
    'wires'
  ],
  ...[
    '_',
    '_config',
    '_def',
    'credentials',
    'name',
    'inputs',
    'outputs',
    'info',
    'icon',
    'color',
    'ports',
    'set',
    'env',
    'label',
    'resize'
  ]
])

/** Nothing that they are given or send is a record of a flow. */
const WITHOUT_RECORDS = new Set(['device-simulator', 'lag-monitor', 'dead-letter-replay'])
/** Whom the conformance kit is put to. */
const subjects = projectFiles('test').filter(
  ({ path, text }) => text.includes('/core/conformance/') && !path.endsWith('/bad-nodes.test.ts')
)

for (const palette of palettes) {
  const { rooms } = await readRooms(palette.folder)
  describe(`every node of ${palette.manifest.name}`, () => holdsAll(palette, rooms))
}

function holdsAll(palette: Palette, rooms: readonly Room[]): void {
  const { folder: root, manifest } = palette
  const listed = Object.keys(manifest['node-red'].nodes)
  before(async () => {
    await build({ root })
  })

  it('of package.json has a folder, and every folder stands in package.json', () => {
    const folders = readdirSync(join(root, 'nodes'), { withFileTypes: true })
    assert.deepEqual(
      folders.filter(entry => !entry.isDirectory()).map(entry => entry.name),
      [],
      'nodes/ holds folders only'
    )
    assert.deepEqual(folders.map(entry => entry.name).sort(), [...listed].sort())
    for (const name of listed) assert.equal(manifest['node-red'].nodes[name], `dist/${name}.js`)
  })

  for (const name of listed) {
    describe(name, () => {
      const room = () =>
        rooms.find(found => found.name === name) ??
        assert.fail(`nodes/${name} has no spec.ts or no runtime.ts`)
      holdsTheHouse(palette, name, room)
      fitsTheEditor(root, name, room)
    })
  }
}

/** Where the tests of its nodes are. */
const testsOf = ({ short }: Palette) =>
  short === '' ? join('test', 'nodes') : join('test', 'palettes', short)

function holdsTheHouse(palette: Palette, name: string, room: () => Room): void {
  it('has its files', () => {
    const { spec, folder } = room()
    const isConfig = spec.category === 'config'
    const needed = ['spec.ts', 'runtime.ts', 'help.md', ...(isConfig ? [] : ['logic.ts'])]
    const missing = needed
      .filter(file => !existsSync(join(folder, file)))
      .map(file => `nodes/${name}/${file}`)
    const tests = join(testsOf(palette), name)
    const inRoot = join(ROOT, tests)
    if (!existsSync(inRoot) || !readdirSync(inRoot).some(file => file.endsWith('.test.ts')))
      missing.push(`${tests}/*.test.ts`)
    if (!isConfig && !room().example) missing.push(`examples/NN-${name}.json`)
    assert.deepEqual(missing, [], 'all that is missing at once')
    // A large dialog may stand in a folder of its own.
    const odd = readdirSync(folder).filter(
      file => !/^[a-z0-9-]+\.ts$/.test(file) && file !== 'help.md' && file !== 'editor'
    )
    assert.deepEqual(odd, [])
  })

  it('is held to the promises of every node', () => {
    const { spec } = room()
    // Companions say by themselves what holds their nodes.
    if (palette.short !== '' || spec.category === 'config' || WITHOUT_RECORDS.has(name)) return
    const isSubject = subjects.some(({ text }) => text.includes(`type: '${spec.type}'`))
    assert.ok(isSubject, `test/conformance has no subject for ${spec.type}`)
  })

  it('is in its lesson', () => {
    const { spec, example } = room()
    if (spec.category === 'config') return
    const flow = JSON.parse(
      readFileSync(join(palette.folder, 'examples', `${example}.json`), 'utf8')
    ) as {
      type: string
    }[]
    const has = flow.some(node => node.type === spec.type)
    assert.ok(has, `examples/${example}.json shows another node`)
  })

  it('has one name', () => {
    const { spec } = room()
    assert.equal(spec.type, `millrace-${name}`)
    assert.equal(spec.label, name.replaceAll('-', ' '))
  })

  it('says what it is in sentences', () => {
    const { spec } = room()
    const sentences = [
      ['summary', spec.summary] as const,
      ...Object.entries(spec.fields).flatMap(([field, what]) => helpsOf(field, what))
    ]
    for (const [where, text] of sentences) {
      assert.match(text, /^\S.*\.$/s, `${where}: "${text}" ends with a full stop`)
      assert.ok(
        text.length <= 280,
        `${where}: ${text.length} characters are too long for a tooltip`
      )
    }
  })

  it('works with its defaults, once its configuration nodes are chosen', () => {
    const { spec } = room()
    const refs = Object.entries(spec.fields).filter(
      ([, field]) => field.kind === 'ref' && !field.optional
    )
    parseOptions(spec, Object.fromEntries(refs.map(([field]) => [field, 'some-id'])))
  })
}

function fitsTheEditor(root: string, name: string, room: () => Room): void {
  const dist = (path: string) => readFileSync(join(root, 'dist', path), 'utf8')

  it('has fields that Node-RED does not keep for itself', () => {
    const taken = Object.keys(room().spec.fields).filter(
      field => RESERVED.has(field) || field.length === 1
    )
    assert.deepEqual(taken, [])
  })

  it('has an icon and a locale', () => {
    const { spec } = room()
    assert.match(dist(`icons/${spec.family}.svg`), /^<svg /)
    const locale = JSON.parse(dist(`locales/en-US/${name}.json`)) as {
      fields: Record<string, { label: string; help: string }>
    }
    for (const [field, { label, help }] of Object.entries(spec.fields)) {
      assert.equal(locale.fields[field]?.label, label)
      assert.equal(locale.fields[field]?.help, help)
    }
  })

  it('has every field in its form and in its help', () => {
    const { spec } = room()
    const html = dist(`${name}.html`)
    const form = /<script type="text\/html" data-template-name="[^"]+">(.*?)<\/script>/s.exec(
      html
    )![1]!
    const help = /<script type="text\/html" data-help-name="[^"]+">(.*?)<\/script>/s.exec(html)![1]!
    for (const [field, { label }] of Object.entries(spec.fields)) {
      assert.ok(form.includes(`data-field="${field}"`), `the form has ${field}`)
      assert.ok(textOf(help).includes(label), `the help has "${label}"`)
    }
    assert.ok(textOf(help).includes(spec.summary))
  })

  it('has a definition that catalogues of nodes can read without running it', () => {
    const { spec } = room()
    const definition = definitionIn(dist(`${name}.html`), spec.type)
    const literals = {
      category: spec.category,
      icon: `${name}.svg`,
      inputs: spec.inputs,
      outputs: spec.outputs.length
    }
    for (const [key, value] of Object.entries(literals))
      assert.equal(definition.get(key), value, key)
    assert.match(String(definition.get('color')), /^#[0-9a-f]{6}$/)
    const plain = Object.entries(spec.fields).filter(([, field]) => field.kind !== 'secret')
    const defaults = definition.get('defaults') as string[]
    for (const [field] of plain) assert.ok(defaults.includes(field), field)
  })

  it('has conditions that can be met', () => {
    const { spec } = room()
    for (const [field, what] of Object.entries(spec.fields)) checkConditions(spec, field, what)
  })

  it('can ask for what its Pick buttons offer', () => {
    const { spec } = room()
    const picks = Object.values(spec.fields).flatMap(field =>
      field.kind === 'list' ? Object.values(field.columns) : [field]
    )
    const types = Object.values(spec.fields).flatMap(field =>
      field.kind === 'ref' ? [field.type as string] : []
    )
    for (const field of picks) {
      if (field.kind !== 'text' || field.pick === undefined) continue
      // These are picked from the message that the dialog shows.
      if (PLACES.has(field.pick)) continue
      const answers = field.pick.includes(':')
        ? field.pick.split(':')[0]!
        : field.pick.startsWith('kafka')
          ? 'millrace-kafka-cluster'
          : 'millrace-timescale-database'
      assert.ok(
        [...types, spec.type].includes(answers),
        `"${field.label}" needs a field that refers to a ${answers}`
      )
    }
  })
}

function helpsOf(name: string, field: Field): (readonly [string, string])[] {
  const columns = field.kind === 'list' ? Object.entries(field.columns) : []
  return [
    [name, field.help],
    ...columns.map(([column, { help }]) => [`${name}.${column}`, help] as const)
  ]
}

function checkConditions(spec: NodeSpec, name: string, field: Field): void {
  for (const [other, wanted] of Object.entries(field.when ?? {})) {
    const decides = spec.fields[other]
    assert.ok(decides, `${name} depends on ${other}, which is no field`)
    for (const value of [wanted].flat()) {
      if (decides.kind === 'choice')
        assert.ok(Object.hasOwn(decides.choices, String(value)), `${other} is never ${value}`)
      else
        assert.equal(
          typeof value,
          decides.kind === 'bool' ? 'boolean' : 'string',
          `${other} is never ${value}`
        )
    }
  }
}

/**
 * The literal that a node's script registers: constants as they are, objects as the list of their
 * keys.
 */
function definitionIn(html: string, type: string): Map<string, unknown> {
  const script = /<script type="text\/javascript">(.*?)<\/script>/s.exec(html)![1]!
  const found = new Map<string, unknown>()
  traverseFast(parse(script), node => {
    if (
      !isCallExpression(node) ||
      !isMemberExpression(node.callee) ||
      !isIdentifier(node.callee.property, { name: 'registerType' })
    )
      return
    const [first, second] = node.arguments
    assert.ok(
      isStringLiteral(first, { value: type }) && isObjectExpression(second),
      'registerType with a text and an object'
    )
    for (const [key, value] of propertiesOf(second))
      found.set(
        key,
        isObjectExpression(value) ? propertiesOf(value).map(([name]) => name) : constant(value)
      )
  })
  return found
}

function propertiesOf(literal: ObjectExpression): [string, Node][] {
  return literal.properties.map(property => {
    assert.ok(isObjectProperty(property) && isIdentifier(property.key), 'plain properties only')
    return [property.key.name, property.value]
  })
}

const constant = (value: Node) =>
  isStringLiteral(value) || isNumericLiteral(value) ? value.value : undefined

const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_entity, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&quot;', '"')

describe('the palette', () => {
  it('says what every code means in a sentence', () => {
    for (const [code, sentence] of Object.entries(CODES)) {
      assert.match(code, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
      assert.match(sentence, /^[A-Z`{].*\.$/, `${code}: "${sentence}"`)
    }
  })

  it('lists no code that nothing reports', () => {
    const text = projectFiles('core', 'nodes', 'palettes')
      .filter(({ path }) => path.endsWith('.ts') && path !== 'core/errors.ts')
      .map(file => file.text)
      .join('\n')
    assert.deepEqual(
      Object.keys(CODES).filter(code => !new RegExp(`['"]${code}['"]`).test(text)),
      []
    )
  })
})

describe('a node with an output for what it rejects', () => {
  for (const { folder } of palettes)
    it(`of ${folder.slice(ROOT.length + 1) || 'the palette'} has the field that leaves out checks at deploy`, async () => {
      const without = (await readRooms(folder)).rooms
        .filter(({ spec }) => spec.outputs.includes('rejected') && !('checksOff' in spec.fields))
        .map(({ spec }) => `${spec.type}: add checksOff of core/advice/field.ts`)
      assert.deepEqual(without, [])
    })
})
