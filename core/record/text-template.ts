import { isExactNumber } from './exact-decimal.ts'
import { getter } from './field-path.ts'
import { jsonText } from './json-write.ts'
import { TEMPLATE_PIECES } from './text-template-problems.ts'

/** A text with fields in it: `{device_id} is at {value} °C`; `{{` and `}}` stand for braces. */
export interface TextTemplate {
  /** The text of a record, or the name of the field that it lacks. */
  fill(record: unknown): { readonly text: string } | { readonly missing: string }
}

type Piece = { readonly text: string } | { readonly path: string; get(record: unknown): unknown }

/** Of a template without problems. */
export function textTemplate(template: string): TextTemplate {
  const pieces = [...template.matchAll(TEMPLATE_PIECES)].map(([piece, path]): Piece => {
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
  return typeof value === 'object' && !isExactNumber(value) ? jsonText(value) : String(value)
}
