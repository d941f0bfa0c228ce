import type { Field, NodeSpec } from '../core/node/spec.ts'
import { isLocaleKey } from './text.ts'

/** The texts of a node's dialog and canvas, as Node-RED's locale file has them. */
export function localeOf(spec: NodeSpec): object {
  return {
    label: spec.label,
    summary: spec.summary,
    outputs: spec.outputs,
    ...(spec.sections === undefined ? {} : { sections: spec.sections }),
    fields: Object.fromEntries(
      Object.entries(spec.fields).map(([name, field]) => [name, textsOf(field)])
    )
  }
}

function textsOf(field: Field): object {
  return {
    label: field.label,
    help: field.help,
    ...(field.placeholder === undefined ? {} : { placeholder: field.placeholder }),
    ...(field.kind === 'number' && field.unit !== undefined ? { unit: field.unit } : {}),
    ...(field.kind === 'choice'
      ? {
          choices: Object.fromEntries(
            Object.entries(field.choices).filter(([value]) => isLocaleKey(value))
          )
        }
      : {}),
    ...(field.kind === 'list'
      ? {
          columns: Object.fromEntries(
            Object.entries(field.columns).map(([name, column]) => [name, textsOf(column)])
          )
        }
      : {})
  }
}
