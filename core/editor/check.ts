import type { Migrations } from '../node/migrate.ts'
import {
  applies,
  type Condition,
  type Field,
  type NodeSpec,
  parseField,
  problemsOf
} from '../node/spec.ts'
import type { EditorHooks, Values } from './types.ts'

/** A node as the editor's code knows it. */
export interface NodeType {
  readonly spec: Omit<NodeSpec, 'summary' | 'examples'>
  readonly hooks: EditorHooks
  readonly migrations: Migrations
}

/**
 * The values with defaults for what is missing and each of its field's type; variables of the
 * environment stay as they are.
 */
export function parsed({ spec }: NodeType, values: Values): Record<string, unknown> {
  const result: Record<string, unknown> = { ...values }
  for (const [name, field] of Object.entries(spec.fields))
    result[name] = parsedValue(field, values[name])
  return result
}

const parsedValue = (field: Field, value: unknown): unknown =>
  hasVariable(value) ? value : parseField(field, value ?? field.default, () => undefined)

/** True if a field, or a column of a list, is shown and checked with these parsed values. */
export const isShown = (field: { readonly when?: Condition }, values: Values): boolean =>
  applies(field.when, values)

/** What is wrong with a field as it stands in the editor, in words; empty if nothing is. */
export function problemsIn(type: NodeType, name: string, values: Values): string[] {
  const field = type.spec.fields[name]
  const all = parsed(type, values)
  if (field === undefined || !isShown(field, all)) return []
  const own = ownProblems(type, name, field, values, all)
  return own.length > 0 ? own : problemsBetween(type, name, all)
}

/** What is wrong between this field and others, once each of them is fine and known. */
function problemsBetween({ spec, hooks }: NodeType, name: string, all: Values): string[] {
  if (hooks.problems === undefined) return []
  const isFine = ([other, field]: [string, Field]) =>
    field.kind === 'custom' || hasNoProblem(field, all[other])
  const shown = Object.entries(spec.fields).filter(([, field]) => isShown(field, all))
  if (!shown.every(isFine)) return []
  return hooks.problems(all).flatMap(([field, problem]) => (field === name ? [problem] : []))
}

const hasNoProblem = (field: Field, value: unknown) =>
  !JSON.stringify(value ?? '').includes('${') &&
  (field.kind === 'ref' || problemsOf(field, value).length === 0)

function ownProblems(
  type: NodeType,
  name: string,
  field: Field,
  values: Values,
  all: Values
): string[] {
  const value = all[name]
  if (field.kind === 'custom') return type.hooks.controls?.[name]?.problems?.(value, all) ?? []
  if (field.kind === 'list') {
    const rows = values[name] ?? field.default
    if (!Array.isArray(rows) || rows.length === 0) return problemsOf(field, value)
    return rows.flatMap((row, index) => rowProblems(field.columns, row, index))
  }
  if (field.kind === 'code')
    return [...problemsOf(field, value), ...syntaxProblems(field.language, value)]
  return cellProblems(field, value)
}

/**
 * What is wrong with one value; what a variable of the environment stands for is known at deploy
 * only.
 */
export const cellProblems = (field: Field, value: unknown): string[] =>
  hasVariable(value) ? [] : problemsOf(field, parsedValue(field, value))

function rowProblems(
  columns: Readonly<Record<string, Field>>,
  row: unknown,
  index: number
): string[] {
  const cells = (typeof row === 'object' && row !== null ? row : {}) as Record<string, unknown>
  return Object.entries(columns).flatMap(([name, column]) =>
    cellProblems(column, cells[name]).map(
      problem => `row ${index + 1}, ${column.label}: ${problem}`
    )
  )
}

const hasVariable = (value: unknown) =>
  typeof value === 'string' && /\$\{[A-Za-z_][A-Za-z0-9_]*\}/.test(value)

function syntaxProblems(language: string, value: unknown): string[] {
  if (language !== 'json' || typeof value !== 'string' || value.trim() === '') return []
  try {
    JSON.parse(value)
    return []
  } catch (error) {
    return [`is not JSON: ${(error as Error).message}`]
  }
}
