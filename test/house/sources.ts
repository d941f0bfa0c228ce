/** The project's own files, for the tests that hold its rules. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
// Not typescript: since version 7 it has no parser to call from JavaScript.
import { parse } from '@babel/parser'
import type { File, Node } from '@babel/types'
import { isFunction, traverseFast } from '@babel/types'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What is not ours, or made by the build or a run. */
const OUTSIDE = new Set(['node_modules', 'dist', '.git', '.millrace', '.nyc_output'])

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Every file of the project below these folders or at these paths; all without any. */
export function projectFiles(...below: string[]): Source[] {
  const found: Source[] = []
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (OUTSIDE.has(entry.name)) continue
      if (entry.isDirectory()) visit(path)
      else if (entry.isFile()) found.push({ path, text: readFileSync(join(ROOT, path), 'utf8') })
    }
  }
  if (below.length === 0) visit('')
  else for (const folder of below) visit(folder)
  return found
}

/** The files of the project that git knows; all of them where this is no clone. */
export function trackedFiles(): Source[] {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  const tracked = status === 0 ? new Set(stdout.split('\0')) : undefined
  return projectFiles().filter(file => tracked?.has(file.path) ?? true)
}

export interface Import {
  /** As written: `../../core/record.ts`, `node:fs`, `kafkajs`. */
  readonly from: string
  /** Only types are taken, so nothing is loaded. */
  readonly typeOnly: boolean
  /** `import()` in the middle of code. */
  readonly dynamic: boolean
}

const syntax = new Map<string, { text: string; file: File }>()

function parsed({ path, text }: Source): File {
  const known = syntax.get(path)
  if (known?.text === text) return known.file
  const file = parse(text, { sourceType: 'module', plugins: ['typescript'] })
  syntax.set(path, { text, file })
  return file
}

/** What a file imports, exports from elsewhere included. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = []
  traverseFast(parsed(source), (node: Node) => {
    if (node.type === 'ImportDeclaration')
      imports.push({ from: node.source.value, typeOnly: isTypeOnly(node), dynamic: false })
    else if (
      (node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') &&
      node.source
    ) {
      imports.push({
        from: node.source.value,
        typeOnly: node.exportKind === 'type',
        dynamic: false
      })
    } else if (node.type === 'CallExpression' && node.callee.type === 'Import') {
      const [argument] = node.arguments
      if (argument?.type === 'StringLiteral')
        imports.push({ from: argument.value, typeOnly: false, dynamic: true })
    } else if (node.type === 'TSImportType')
      imports.push({ from: node.argument.value, typeOnly: true, dynamic: false })
  })
  return imports
}

function isTypeOnly({
  importKind,
  specifiers
}: Extract<Node, { type: 'ImportDeclaration' }>): boolean {
  if (importKind === 'type') return true
  return (
    specifiers.length > 0 &&
    specifiers.every(each => each.type === 'ImportSpecifier' && each.importKind === 'type')
  )
}

/** The functions of a file, with the number of lines of each. */
export function functionsOf(
  source: Source
): { readonly name: string; readonly lines: number; readonly line: number }[] {
  const found: { name: string; lines: number; line: number }[] = []
  traverseFast(parsed(source), (node: Node) => {
    if (!isFunction(node) || !node.loc) return
    const { start, end } = node.loc
    found.push({ name: nameOf(node), lines: end.line - start.line + 1, line: start.line })
  })
  return found
}

function nameOf(node: Node): string {
  const named = 'id' in node ? node.id : 'key' in node ? node.key : null
  return typeof named === 'object' &&
    named !== null &&
    'name' in named &&
    typeof named.name === 'string'
    ? named.name
    : '(nameless)'
}
