import type { Field } from '../node/spec.ts'
import { isShown, type NodeType, parsed } from './check.ts'
import type { Values } from './types.ts'

/** A node that is wider hides its neighbours. */
const MAX_LABEL = 36

/** What stands on the canvas, or in the list of configuration nodes, without a name. */
export function labelOf(type: NodeType, node: Values): string {
  const values = parsed(type, node)
  const label = type.hooks.label?.(values) || addressIn(type, values) || type.spec.label
  return label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label
}

/** The first text that a configuration node must have: its address. */
function addressIn({ spec }: NodeType, values: Record<string, unknown>): string {
  if (spec.category !== 'config') return ''
  const isAddress = (field: Field) =>
    field.kind === 'text' && field.required === true && isShown(field, values)
  const [name] = Object.entries(spec.fields).find(([, field]) => isAddress(field)) ?? []
  return name === undefined ? '' : String(values[name] ?? '')
}
