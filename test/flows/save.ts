/**
 * Saves the nodes of the shipped flows, and one of each type with every simple field changed, as
 * this release understands them: `node --import tsx test/flows/save.ts 1` writes test/flows/v1. Run
 * once a version; what it wrote stays as it is.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRooms } from '../../build/rooms.ts'
import type { Column, Field, NodeSpec } from '../../core/node/spec.ts'
import { parseOptions, problemsOf } from '../../core/node/spec.ts'
import { projectFiles, ROOT } from '../house/sources.ts'
import { environment } from './environment.ts'

type Values = Record<string, unknown>

const { rooms } = await readRooms(ROOT)
const folder = join(ROOT, 'test', 'flows', `v${process.argv[2] ?? '1'}`)
mkdirSync(folder, { recursive: true })

const shipped = projectFiles('flows', 'examples')
  .filter(file => file.path.endsWith('.json'))
  .flatMap(file => JSON.parse(file.text) as Values[])

for (const { name, spec } of rooms) {
  const saved = [changed(spec), ...shipped.filter(node => node.type === spec.type)]
  const entries = saved.map(each => ({
    saved: each,
    options: parseOptions(spec, each, environment)
  }))
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(entries, null, 1)}\n`)
  const left = Object.keys(spec.fields).filter(field => !(field in saved[0]!))
  console.log(
    `${name}: ${entries.length}${left.length > 0 ? `, as by default: ${left.join(', ')}` : ''}`
  )
}

/** A node of this type in which no simple field is as it is by default. */
function changed(spec: NodeSpec): Values {
  const values: Values = { type: spec.type, name: 'changed' }
  for (const [name, field] of Object.entries(spec.fields)) {
    if (field.kind === 'custom' || field.kind === 'secret') continue
    const other = candidates(field).find(
      value =>
        JSON.stringify(value) !== JSON.stringify(field.default) &&
        problemsOf(field, value).length === 0
    )
    if (other !== undefined) values[name] = other
  }
  return values
}

function candidates(field: Field): unknown[] {
  switch (field.kind) {
    case 'number':
      return [field.default + 1, field.default - 1, field.max, field.min]
    case 'bool':
      return [!field.default]
    case 'choice':
      return Object.keys(field.choices)
    case 'ref':
      return ['some-id']
    case 'code':
      return [field.language === 'json' ? '{"type":"object"}' : 'text']
    case 'list':
      return [[rowOf(field.columns)]]
    default:
      // A placeholder that is prose says what an empty field means: that is left empty.
      if (/[a-z] [a-z]/.test(field.placeholder ?? '')) return []
      return [field.placeholder, 'changed', 'host:9092']
  }
}

function rowOf(columns: Readonly<Record<string, Column>>): Values {
  const cells = Object.entries(columns).map(([name, column]) => [
    name,
    candidates(column).find(value => value !== undefined && problemsOf(column, value).length === 0)
  ])
  return Object.fromEntries(cells) as Values
}
