/** After the compiler: dialogs, texts and icons of the nodes, made from their specs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeEditorFiles } from '@millrace/node-red-telemetry/build'
import append from './dist/append-file.spec.js'
import round from './dist/round-value.spec.js'
import change from './dist/value-change.spec.js'

const help = name => readFileSync(join(import.meta.dirname, 'src', `${name}.help.md`), 'utf8')

writeEditorFiles(join(import.meta.dirname, 'dist'), [
  { name: 'round-value', spec: round.spec, help: help('round-value') },
  { name: 'value-change', spec: change.spec, help: help('value-change') },
  { name: 'append-file', spec: append.spec, help: help('append-file') }
])
