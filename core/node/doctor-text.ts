import { type AnswerState, type Examination, type OperatorAnswer, severity } from './answer.ts'

const SIGNS: Readonly<Record<AnswerState, string>> = {
  well: '✔',
  note: '·',
  unknown: '?',
  look: '!',
  bad: '✘'
}

const VERDICTS = [
  'All is well.',
  'Somebody should look at what is marked with !.',
  'Something keeps records from being stored: see what is marked with ✘.'
] as const

/** What was asked, what was found, what to do: for a terminal. */
export function doctorText({ at, answers }: Examination): string {
  const lines = [`Asked at ${at}`]
  for (const [question, found] of byQuestion(answers)) {
    lines.push('', question)
    for (const answer of found) {
      lines.push(`  ${SIGNS[answer.state]} ${answer.about}: ${answer.found}`)
      if (answer.todo !== undefined) lines.push(`      → ${answer.todo}`)
    }
  }
  return [...lines, '', VERDICTS[severity(answers)], ''].join('\n')
}

/** The same as a page. */
export function doctorPage({ at, answers }: Examination): string {
  const sections = byQuestion(answers).map(
    ([question, found]) =>
      `<h2>${escaped(question)}</h2><table>${found.map(rowOf).join('')}</table>`
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Millrace doctor</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escaped(VERDICTS[severity(answers)])}</h1><p>Asked at ${escaped(at)}. Load the page again to ask again.</p>
${sections.join('\n')}</body></html>`
}

const rowOf = ({ state, about, found, todo }: OperatorAnswer): string =>
  `<tr class="${state}"><td>${SIGNS[state]}</td><th>${escaped(about)}</th><td>${escaped(found)}${
    todo === undefined ? '' : `<p>${escaped(todo)}</p>`
  }</td></tr>`

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.5rem 0 .25rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-top:1px solid #8884;font-weight:400}th{width:16rem}
td:first-child{width:1rem;font-weight:700}td p{margin:.2rem 0 0;opacity:.8}
.well td:first-child{color:#2b8a3e}.look td:first-child{color:#c76a00}.bad td:first-child{color:#d6303b}`

function byQuestion(answers: readonly OperatorAnswer[]): [string, OperatorAnswer[]][] {
  const found = new Map<string, OperatorAnswer[]>()
  for (const answer of answers)
    found.set(answer.question, [...(found.get(answer.question) ?? []), answer])
  return [...found]
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
