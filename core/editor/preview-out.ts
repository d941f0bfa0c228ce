import type { TimeLine } from '../node/preview.ts'
import type { Answered } from './ask.ts'
import { element, icon } from './element.ts'
import { type ChangedLine, recordLines } from './preview-lines.ts'
import { say } from './texts-of.ts'
import { jsonOf } from './written-text.ts'

interface Left {
  readonly record: unknown
  readonly changes?: readonly ChangedLine[]
  readonly reasons?: readonly { readonly code: string; readonly message: string }[]
}

/** What a preview answers, see core/node/preview/outcome.ts. */
export interface PreviewShown extends Answered {
  readonly outputs?: readonly { readonly count: number; readonly records: readonly Left[] }[]
  readonly filtered?: number
  readonly notices?: readonly string[]
  readonly text?: string
  readonly line?: TimeLine
}

/**
 * What leaves by each output, or why there is nothing to show.
 * @param isOpen whether the statements are shown, which are folded at first
 */
export function outcomeParts(
  answer: PreviewShown,
  labels: readonly string[],
  isOpen: boolean
): HTMLElement[] {
  const { ok, message = '', outputs = [], filtered = 0, notices = [], text } = answer
  if (!ok) return failures(message)
  const parts = outputs.flatMap(({ count, records }, index) =>
    count === 0 ? [] : outputPart(labels[index] ?? String(index + 1), count, records)
  )
  if (filtered > 0) parts.push(facts(`${filtered} ${say('leftOut')}`))
  if (parts.length === 0) parts.push(facts(say('noOutput')))
  return [...parts, ...notices.map(facts), ...statementsPart(text, isOpen)]
}

/** How many leave by each output, and why the first that is rejected is. */
export function outcomeSummary(answer: PreviewShown, labels: readonly string[]): HTMLElement[] {
  const { ok, outputs = [], filtered = 0 } = answer
  if (!ok) return [element('span', { class: 'millrace-failed' }, icon('exclamation-triangle'))]
  const left = outputs.flatMap(({ count, records }, index) => {
    const code = records.find(({ reasons }) => reasons?.[0])?.reasons?.[0]?.code
    const label = `${labels[index] ?? index + 1} (${count})`
    if (count === 0) return []
    return code === undefined
      ? [element('span', {}, label)]
      : [element('span', { class: 'millrace-failed' }, `${label}: ${code}`)]
  })
  const out = filtered > 0 ? [element('span', {}, `${filtered} ${say('leftOut')}`)] : []
  return left.length + out.length === 0 ? [element('span', {}, say('noOutput'))] : [...left, ...out]
}

/** Folded: most people want to know that they are there. */
export function statementsPart(text: string | undefined, isOpen = false): HTMLElement[] {
  if (text === undefined) return []
  const part = element(
    'details',
    {},
    element('summary', {}, say('statements')),
    element('pre', { class: 'millrace-statements' }, text)
  )
  part.open = isOpen
  return [part]
}

export const failures = (message: string): HTMLElement[] =>
  message
    .split('\n')
    .map(text =>
      element('div', { class: 'millrace-failed' }, icon('exclamation-triangle'), ` ${text}`)
    )

const facts = (text: string) => element('div', { class: 'millrace-facts' }, text)

function outputPart(label: string, count: number, records: readonly Left[]): HTMLElement[] {
  const more = count - records.length
  const rows = records.map(({ record }) => rowOf(record)).filter(row => row !== undefined)
  return [
    element('div', { class: 'millrace-output' }, `${label} (${count})`),
    ...(rows.length === records.length ? [table(rows)] : records.map(recordPart)),
    ...(more > 0 ? [facts(`${more} ${say('moreRecords')}`)] : [])
  ]
}

function recordPart({ record, changes, reasons = [] }: Left): HTMLElement {
  const shown = recordLines(record, changes)
  shown.prepend(
    ...reasons.map(({ code, message }) =>
      element('div', { class: 'millrace-reason' }, element('b', {}, code), ` ${message}`)
    )
  )
  return shown
}

/** A row of a table comes as its columns and values. */
const rowOf = (record: unknown): Record<string, unknown> | undefined =>
  typeof record === 'object' && record !== null && '$row' in record
    ? (record.$row as Record<string, unknown>)
    : undefined

function table(rows: readonly Record<string, unknown>[]): HTMLElement {
  const columns = Object.keys(rows[0] ?? {})
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    element('tr', {}, ...cells.map(cell => element(tag, {}, cell)))
  return element(
    'table',
    { class: 'millrace-rows' },
    line('th', columns),
    ...rows.map(row =>
      line(
        'td',
        columns.map(column => cellOf(row[column]))
      )
    )
  )
}

const cellOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === null ? '–' : jsonOf(value)
