import type { Field, NodeSpec } from '../core/node/spec.ts'
import { iconOf } from './field-icons.ts'
import { escapeHtml, isLocaleKey } from './text.ts'

/**
 * The rows of a node's dialog. Texts come from the locale; what a row does beyond showing a value
 * (hiding, lists, code, buttons) is added in the browser by `core/editor/`.
 */
export function formOf(spec: NodeSpec): string {
  const prefix = spec.category === 'config' ? 'node-config-input' : 'node-input'
  const rowsOf = (advanced: boolean) =>
    Object.entries(spec.fields)
      .filter(([, field]) => (field.section === 'advanced') === advanced)
      .map(([name, field]) => row(prefix, name, field))
      .join('\n')
  const advanced = rowsOf(true)
  const outputs = spec.outputsFrom ? `<input type="hidden" id="${prefix}-outputs">\n` : ''
  return `<div class="millrace-form" data-node="${spec.type}">
${outputs}${nameRow(prefix)}
<div class="millrace-main">
${rowsOf(false)}
</div>
${advanced === '' ? '' : `<div class="millrace-advanced">\n${advanced}\n</div>\n`}</div>`
}

const nameRow = (prefix: string) =>
  `<div class="form-row millrace-row"><label for="${prefix}-name"><i class="fa fa-tag"></i> <span data-i18n="node-red:common.label.name"></span></label>` +
  `<div class="millrace-control"><input type="text" id="${prefix}-name" data-i18n="[placeholder]node-red:common.label.name"></div></div>`

function row(prefix: string, name: string, field: Field): string {
  const id = `${prefix}-${name}`
  const caption = `<span class="millrace-caption" data-i18n="fields.${name}.label"></span>`
  const open = (style: string) => `<div class="form-row millrace-row${style}" data-field="${name}">`
  const icon = `<i class="fa fa-${iconOf(name, field)}"></i>`
  switch (field.kind) {
    case 'bool':
      return `${open(' millrace-bool')}<label><input type="checkbox" id="${id}"> ${caption}</label></div>`
    case 'list':
    case 'code':
    case 'custom':
      return `${open(' millrace-wide')}<label>${icon} ${caption}</label><div class="millrace-place"></div></div>`
    default:
      return `${open('')}<label for="${id}">${icon} ${caption}</label><div class="millrace-control">${control(id, name, field)}</div></div>`
  }
}

function control(id: string, name: string, field: Field): string {
  const placeholder =
    field.placeholder === undefined ? '' : ` data-i18n="[placeholder]fields.${name}.placeholder"`
  switch (field.kind) {
    case 'secret':
      return `<input type="password" id="${id}"${placeholder}>`
    case 'number':
      // Not type="number": every field takes ${ENV}.
      return `<input type="text" inputmode="decimal" class="millrace-number" id="${id}"${placeholder}>${unit(name, field.unit)}`
    case 'choice':
      return `<select id="${id}">${Object.entries(field.choices)
        .map(([value, label]) => option(name, value, label))
        .join('')}</select>`
    case 'ref':
      return `<input type="text" id="${id}" style="width: 100%">`
    default:
      return `<input type="text" id="${id}"${placeholder}>`
  }
}

const unit = (name: string, text: string | undefined) =>
  text === undefined ? '' : `<span class="millrace-unit" data-i18n="fields.${name}.unit"></span>`

function option(name: string, value: string, label: string): string {
  const value_ = escapeHtml(value)
  return isLocaleKey(value)
    ? `<option value="${value_}" data-i18n="fields.${name}.choices.${value}"></option>`
    : `<option value="${value_}">${escapeHtml(label)}</option>`
}
