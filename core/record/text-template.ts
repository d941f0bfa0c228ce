import { isExactNumber } from './exact-decimal.ts'
import { getter, isFieldPath } from './field-path.ts'

/** A text with fields in it: `{device_id} is at {value} °C`; `{{` and `}}` stand for braces. */
export interface TextTemplate {
  /** The text of a record, or the name of the field that it lacks. */
  fill(record: unknown): { readonly text: string } | { readonly missing: string }
}

type Piece = { readonly text: string } | { readonly path: string; get(record: unknown): unknown }

const PIECES = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g

/** What is wrong with a template, in words; empty if nothing is. */
export function textTemplateProblems(template: string): string[] {
  return [...template.matchAll(PIECES)].flatMap(([piece, path]) => {
    if (path !== undefined)
      return isFieldPath(path) ? [] : [`{${path}} cannot be the name of a field`]
    return piece === '{' || piece === '}'
      ? [`a single ${piece} is neither a field nor a brace, which is written twice`]
      : []
  })
}

/** Of a template without problems. */
export function textTemplate(template: string): TextTemplate {
  const pieces = [...template.matchAll(PIECES)].map(([piece, path]): Piece => {
    if (path !== undefined) return { path, get: getter(path) }
    return { text: piece === '{{' ? '{' : piece === '}}' ? '}' : piece }
  })
  return {
    fill(record) {
      let text = ''
      for (const piece of pieces) {
        const part = 'path' in piece ? shown(piece.get(record)) : piece.text
        if (part === undefined) return { missing: (piece as { path: string }).path }
        text += part
      }
      return { text }
    }
  }
}

function shown(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' && !isExactNumber(value) ? JSON.stringify(value) : String(value)
}
