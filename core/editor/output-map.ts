import type { NodeType } from './check.ts'
import type { EditorNode } from './red.ts'

/** How many outputs a node had whose number depends on a list. */
export function rowsOf(node: EditorNode, { outputsFrom = '' }: NodeType['spec']): number {
  const rows = node[outputsFrom]
  return Array.isArray(rows) ? rows.length : 0
}

/**
 * Node-RED's map from old outputs to new ones: `-1` for a removed one, a key that is no number for
 * one that is new.
 * @param before for each output now its index before, undefined if it is new; outputs behind them
 * are known by their labels
 * @param count of the outputs then, without those behind them
 */
export function outputMap(
  before: readonly (number | undefined)[],
  now: readonly string[],
  then: readonly string[],
  count: number
): Record<string, string> {
  const map: Record<string, string> = {}
  for (let index = 0; index < then.length; index++) map[index] = '-1'
  before.forEach((old, index) => {
    map[old === undefined ? `new${index}` : old] = String(index)
  })
  const fixed = then.slice(count)
  for (const [index, label] of now.slice(before.length).entries()) {
    const old = fixed.indexOf(label)
    map[old < 0 ? `fixed${index}` : count + old] = String(before.length + index)
  }
  return map
}
