/**
 * Runs the official JSON Schema Test Suite against the node validate:
 *
 *     npm run schema-suite -- FOLDER [--failures] [--ajv]
 *
 * FOLDER is a copy of github.com/json-schema-org/JSON-Schema-Test-Suite, with `tests` and
 * `remotes`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { reasonOf } from '../core/errors.ts'
import { compileSchema, type Draft } from '../core/json-schema/schema.ts'
import { loadModule } from '../core/load-module.ts'

/** The suite's names of the drafts, and ours. */
const DRAFTS: readonly [folder: string, draft: Draft, ajv: string][] = [
  ['draft4', '04', ''],
  ['draft6', '06', ''],
  ['draft7', '07', 'ajv'],
  ['draft2019-09', '2019-09', 'ajv/dist/2019'],
  ['draft2020-12', '2020-12', 'ajv/dist/2020']
]
/** Where the suite says that its remotes stand. */
const HOST = 'http://localhost:1234/'
const KINDS = ['required', 'optional', 'formats'] as const

type Kind = (typeof KINDS)[number]
type Documents = Readonly<Record<string, unknown>>
type Compile = (schema: unknown) => (value: unknown) => boolean
type Score = Record<Kind, { passed: number; all: number }>

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { description: string; data: unknown; valid: boolean }[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    failures: { type: 'boolean', default: false },
    ajv: { type: 'boolean', default: false }
  }
})
const [folder] = positionals
if (folder === undefined || !existsSync(join(folder, 'tests'))) {
  console.error('usage: npm run schema-suite -- FOLDER [--failures] [--ajv]')
  console.error(
    'FOLDER is a copy of github.com/json-schema-org/JSON-Schema-Test-Suite, with tests and remotes.'
  )
  process.exit(2)
}
console.log(['draft', 'by', ...KINDS].join('\t'))
for (const [name, draft, ajv] of DRAFTS) {
  if (!existsSync(join(folder, 'tests', name))) continue
  const documents = remotes(folder, name)
  const ours: Compile = schema => compileSchema(schema, { draft, coerce: false, documents })
  print(draft, 'validate', score(join(folder, 'tests', name), ours))
  if (values.ajv && ajv !== '') {
    print(draft, 'ajv', score(join(folder, 'tests', name), withAjv(ajv, documents)))
  }
}

function print(draft: Draft, by: string, result: Score): void {
  const cells = KINDS.map(kind => `${result[kind].passed} of ${result[kind].all}`)
  console.log([draft, by, ...cells].join('\t'))
}

function score(tests: string, compile: Compile): Score {
  const found: Score = {
    required: { passed: 0, all: 0 },
    optional: { passed: 0, all: 0 },
    formats: { passed: 0, all: 0 }
  }
  for (const path of jsonFiles(tests)) {
    const file = relative(tests, path)
    const kind = file.startsWith('optional/format')
      ? 'formats'
      : file.startsWith('optional')
        ? 'optional'
        : 'required'
    for (const group of read(path) as Group[]) {
      const outcomes = outcomesOf(group, compile)
      group.tests.forEach((test, index) => {
        const passed = outcomes[index] === test.valid
        found[kind].all++
        if (passed) found[kind].passed++
        else if (values.failures) {
          console.log(`${file}: ${group.description}: ${test.description} (${outcomes[index]})`)
        }
      })
    }
  }
  return found
}

function outcomesOf(group: Group, compile: Compile): (boolean | string)[] {
  try {
    const check = compile(group.schema)
    return group.tests.map(({ data }) => {
      try {
        return check(data)
      } catch (error) {
        return `thrown: ${reasonOf(error)}`
      }
    })
  } catch (error) {
    return group.tests.map(() => `refused: ${reasonOf(error)}`)
  }
}

/** Ajv as it is, not strict, with its formats: what ours is held against. */
function withAjv(module: string, documents: Documents): Compile {
  const Ajv = loadModule<typeof import('ajv')>(module).default
  const formats = loadModule<typeof import('ajv-formats')>('ajv-formats').default
  return schema => {
    const ajv = new Ajv({ strict: false, logger: false, addUsedSchema: false })
    formats.default(ajv)
    for (const [address, document] of Object.entries(documents))
      ajv.addSchema(document as object, address)
    return ajv.compile(schema as object)
  }
}

/** The documents of no draft and of this one, by their address. */
function remotes(folder: string, draft: string): Documents {
  const root = join(folder, 'remotes')
  const files = existsSync(root)
    ? jsonFiles(root).map(path => [relative(root, path), path] as const)
    : []
  const own = files.filter(([file]) => !file.startsWith('draft') || file.startsWith(`${draft}/`))
  return Object.fromEntries(own.map(([file, path]) => [HOST + file, read(path)]))
}

function jsonFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return jsonFiles(path)
    return entry.name.endsWith('.json') ? [path] : []
  })
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
