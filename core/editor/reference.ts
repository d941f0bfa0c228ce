import { say } from './texts-of.ts'

/** What is wrong with the configuration node that a field refers to; the id may be a variable. */
export function referenceProblems(id: string): string[] {
  if (id === '' || /^\$\{.+\}$/.test(id)) return []
  const config = window.RED.nodes.node(id)
  if (!config) return [say('missing')]
  return config.valid === false ? [say('invalid')] : []
}
