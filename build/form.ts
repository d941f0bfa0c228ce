import type { Field, NodeSpec } from '../core/node/spec.ts'
import { iconOf } from './field-icons.ts'

/**
 * What Node-RED fills of a node's dialog: an input a field, in rows and sections. All else of a row
 * (label, help, unit, placeholder, options, lists, code, buttons) is made in the browser by
 * `core/editor/`, so that it is loaded once.
 */
export function formOf(spec: NodeSpec): string {
  const prefix = spec.category === 'config' ? 'node-config-input' : 'node-input'
  const rowsOf = (section: string | undefined) =>
    Object.entries(spec.fields)
      .filter(([, field]) => field.section === section)
      .map(([name, field]) => row(`${prefix}-${name}`, name, field))
      .join('\n')
  const outputs = spec.outputsFrom ? `<input type="hidden" id="${prefix}-outputs">\n` : ''
  const advanced = rowsOf('advanced')
  return `<div class="millrace-form" data-node="${spec.type}">
${outputs}${nameRow(prefix)}
<div class="millrace-main">
${[rowsOf(undefined), ...sectionNames(spec).map(name => sectionOf(name, rowsOf(name)))].join('\n')}
</div>
${advanced === '' ? '' : `<div class="millrace-advanced">\n${advanced}\n</div>\n`}</div>`
}

/** @throws Error where a field names a section that the spec has not */
function sectionNames({ type, sections = {}, fields }: NodeSpec): string[] {
  for (const [name, { section }] of Object.entries(fields))
    if (section !== undefined && section !== 'advanced' && sections[section] === undefined)
      throw new Error(`${type}: the field ${name} is of the section "${section}", which is none.`)
  return Object.keys(sections)
}

const sectionOf = (name: string, rows: string) =>
  `<div class="millrace-section" data-section="${name}">\n${rows}\n</div>`

const nameRow = (prefix: string) =>
  `<div class="form-row millrace-row"><div class="millrace-head"><label for="${prefix}-name"><i class="fa fa-tag"></i> <span data-i18n="node-red:common.label.name"></span></label></div>` +
  `<div class="millrace-control"><input type="text" id="${prefix}-name" data-i18n="[placeholder]node-red:common.label.name"></div></div>`

const row = (id: string, name: string, field: Field): string =>
  `<div data-field="${name}" data-icon="${iconOf(name, field)}">${control(id, field)}</div>`

function control(id: string, field: Field): string {
  const placeholder = field.placeholder === undefined ? '' : ' placeholder="…"'
  switch (field.kind) {
    case 'bool':
      return `<input type="checkbox" id="${id}">`
    case 'list':
    case 'code':
    case 'custom':
      return '<div class="millrace-place"></div>'
    case 'secret':
      return `<input type="password" id="${id}"${placeholder}>`
    case 'number':
      // Not type="number": every field takes ${ENV}.
      return `<input type="text" inputmode="decimal" id="${id}"${placeholder}>`
    case 'choice':
      return `<select id="${id}"></select>`
    case 'ref':
      return `<input type="text" id="${id}" style="width: 100%">`
    default:
      return `<input type="text" id="${id}"${placeholder}>`
  }
}
