import { isFieldPath } from './field-path.ts'

/** A brace that is written twice, a field, a brace alone, or what stands between these. */
export const TEMPLATE_PIECES = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g

/** What is wrong with a template, in words; empty if nothing is. */
export function textTemplateProblems(template: string): string[] {
  return [...template.matchAll(TEMPLATE_PIECES)].flatMap(([piece, path]) => {
    if (path !== undefined)
      return isFieldPath(path) ? [] : [`{${path}} cannot be the name of a field`]
    return piece === '{' || piece === '}'
      ? [`a single ${piece} is neither a field nor a brace, which is written twice`]
      : []
  })
}
