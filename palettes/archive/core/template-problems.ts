/** A field in braces, or what stands between. */
export const PIECES = /\{([^{}]*)\}|[^{}]+|[{}]/g

/** What is wrong with a template, in words. */
export function templateProblems(template: string): string[] {
  const problems: string[] = []
  for (const [piece, field] of template.matchAll(PIECES)) {
    if (piece === '{' || piece === '}') problems.push('a brace has no other one')
    else if (field === '') problems.push('{} names no field')
  }
  if (template.startsWith('/')) problems.push('must not begin with a slash')
  if (/(^|\/)\.\.?(\/|$)/.test(template)) problems.push('must have no part . or ..')
  if (/\/\//.test(template)) problems.push('must have no empty part')
  if (/^_millrace(\/|$)/.test(template))
    problems.push('_millrace is where the archive keeps its log')
  return [...new Set(problems)]
}
