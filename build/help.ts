import { marked } from 'marked'
import type { Condition, Example, Field, NodeSpec } from '../core/node/spec.ts'
import { escapeHtml } from './text.ts'

/**
 * A node's help for the Info sidebar: what it does, what stands in help.md, and, generated, its
 * properties with their defaults, its examples and the link to its lesson.
 *
 * @param prose help.md: Markdown, whose sections are of the third level
 * @param lesson the path of its example below `examples/`, without the extension
 * @param module the package that brings the example; the main one where absent
 */
export function helpOf(
  spec: NodeSpec,
  prose: string,
  lesson: string | undefined,
  module?: string
): string {
  const parts = [
    `<p>${escapeHtml(spec.summary)}</p>`,
    marked.parse(prose, { async: false }).trim(),
    properties(spec),
    ports(spec),
    examples(spec.examples ?? []),
    lesson === undefined ? '' : lessonLink(lesson, module)
  ]
  return parts.filter(part => part !== '').join('\n')
}

function properties(spec: NodeSpec): string {
  const rows = Object.values(spec.fields).map(field => property(field, spec.fields))
  return rows.length === 0
    ? ''
    : `<h3>Properties</h3>\n<dl class="message-properties">\n${rows.join('\n')}\n</dl>`
}

function property(field: Field, fields: NodeSpec['fields']): string {
  const facts = [defaultOf(field), rangeOf(field), conditionOf(field.when, fields)].filter(
    fact => fact !== ''
  )
  const columns = field.kind === 'list' ? columnsOf(field.columns) : ''
  const choices = field.kind === 'choice' ? choicesOf(field.choices) : ''
  return (
    `<dt${isOptional(field) ? ' class="optional"' : ''}>${escapeHtml(field.label)} <span class="property-type">${typeOf(field)}</span></dt>` +
    `<dd>${escapeHtml(field.help)}${facts.length === 0 ? '' : `<div class="millrace-facts">${facts.join(' ')}</div>`}${choices}${columns}</dd>`
  )
}

/** Choices, numbers and switches always have a value. */
function isOptional(field: Field): boolean {
  if (field.kind === 'text' || field.kind === 'code') return !field.required
  return field.kind === 'secret' || (field.kind === 'ref' && field.optional === true)
}

function typeOf(field: Field): string {
  if (field.kind === 'number') return field.unit ? `number, ${escapeHtml(field.unit)}` : 'number'
  const names = {
    text: 'text',
    secret: 'secret',
    bool: 'yes or no',
    choice: 'choice',
    list: 'list',
    custom: 'list',
    ref: 'configuration'
  }
  return field.kind === 'code' ? field.language.toUpperCase() : names[field.kind]
}

function defaultOf(field: Field): string {
  if (
    field.kind === 'ref' ||
    field.kind === 'secret' ||
    field.kind === 'custom' ||
    field.kind === 'list' ||
    field.kind === 'code'
  )
    return ''
  if (field.kind === 'bool') return `Default: ${field.default ? 'yes' : 'no'}.`
  if (field.kind === 'choice')
    return `Default: ${escapeHtml(field.choices[field.default] ?? field.default)}.`
  if (field.kind === 'number')
    return `Default: ${field.default}${field.unit ? ` ${escapeHtml(field.unit)}` : ''}.`
  return field.default === '' ? '' : `Default: <code>${escapeHtml(field.default)}</code>.`
}

function rangeOf(field: Field): string {
  if (field.kind !== 'number') return ''
  if (field.min !== undefined && field.max !== undefined) return `${field.min} to ${field.max}.`
  if (field.min !== undefined) return `At least ${field.min}.`
  return field.max === undefined ? '' : `At most ${field.max}.`
}

function conditionOf(when: Condition | undefined, fields: NodeSpec['fields']): string {
  const parts = Object.entries(when ?? {}).map(([name, wanted]) => {
    const values = [wanted].flat().map(value => `“${escapeHtml(valueText(fields[name], value))}”`)
    return `${escapeHtml(fields[name]?.label ?? name)} is ${values.join(' or ')}`
  })
  return parts.length === 0 ? '' : `Applies where ${parts.join(' and ')}.`
}

function valueText(field: Field | undefined, value: string | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return field?.kind === 'choice' ? (field.choices[value] ?? value) : value
}

const choicesOf = (choices: Readonly<Record<string, string>>) =>
  `<ul>${Object.values(choices)
    .map(label => `<li>${escapeHtml(label)}</li>`)
    .join('')}</ul>`

const columnsOf = (columns: Readonly<Record<string, Field>>) =>
  `<ul>${Object.values(columns)
    .map(column => `<li><b>${escapeHtml(column.label)}</b>: ${escapeHtml(column.help)}</li>`)
    .join('')}</ul>`

function ports(spec: NodeSpec): string {
  if (spec.outputs.length < 2) return ''
  return `<h3>Outputs</h3>\n<ol class="node-ports">${spec.outputs.map(label => `<li>${escapeHtml(label)}</li>`).join('')}</ol>`
}

function examples(list: readonly Example[]): string {
  if (list.length === 0) return ''
  return `<h3>Examples</h3>\n${list.map(example).join('\n')}`
}

function example({ name, options, topic, given, then }: Example): string {
  const lines = [
    ...(options === undefined ? [] : [['with', options] as const]),
    ...(topic === undefined ? [] : [['topic', topic] as const]),
    ['in', given] as const,
    ...then.map((value, index) => [then.length === 1 ? 'out' : `out ${index + 1}`, value] as const)
  ]
  const rows = lines.map(
    ([label, value]) => `<dt>${label}</dt><dd><code>${escapeHtml(shown(value))}</code></dd>`
  )
  return `<p>${escapeHtml(name)}</p>\n<dl class="millrace-example">${rows.join('')}</dl>`
}

const shown = (value: unknown) =>
  value === null ? 'nothing' : (JSON.stringify(value) ?? 'undefined')

const lessonLink = (lesson: string, module: string | undefined) =>
  `<h3>Try it</h3>\n<p><a href="#" class="millrace-lesson" data-lesson="${escapeHtml(lesson)}"${module === undefined ? '' : ` data-module="${escapeHtml(module)}"`}>Import the example</a> of this node; ` +
  'it also stands in the menu under Import, Examples.</p>'
