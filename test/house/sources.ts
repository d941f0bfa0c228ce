/** The project's own files, for the tests that hold its rules. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

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

export interface Import {
  /** As written: `../../core/record.ts`, `node:fs`, `kafkajs`. */
  readonly from: string
  /** Only types are taken, so nothing is loaded. */
  readonly typeOnly: boolean
  /** `import()` in the middle of code. */
  readonly dynamic: boolean
}

const syntax = new Map<string, ts.SourceFile>()

function parsed({ path, text }: Source): ts.SourceFile {
  const known = syntax.get(path)
  if (known?.text === text) return known
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  syntax.set(path, file)
  return file
}

/** What a file imports, exports from elsewhere included. */
export function importsOf(source: Source): Import[] {
  const file = parsed(source)
  const imports: Import[] = []
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      imports.push({ from: node.moduleSpecifier.text, typeOnly: isTypeOnly(node), dynamic: false })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteral(argument)) imports.push({ from: argument.text, typeOnly: false, dynamic: true })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      imports.push({ from: node.argument.literal.text, typeOnly: true, dynamic: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return imports
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (!clause) return false
  const bindings = clause.namedBindings
  const allTypes = bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.every(element => element.isTypeOnly)
  return clause.isTypeOnly || (clause.name === undefined && allTypes)
}

/** The functions of a file, with the number of lines of each. */
export function functionsOf(source: Source): { readonly name: string; readonly lines: number; readonly line: number }[] {
  const file = parsed(source)
  const found: { name: string; lines: number; line: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const from = file.getLineAndCharacterOfPosition(node.getStart()).line
      const to = file.getLineAndCharacterOfPosition(node.getEnd()).line
      found.push({ name: (node as { name?: ts.Node }).name?.getText() ?? '(nameless)', lines: to - from + 1, line: from + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
