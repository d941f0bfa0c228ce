/** The line of a schema in which a name stands first, counted from 1; 1 where it stands in none. */
export function lineOf(schema: string, name: string): number {
  const at = schema.indexOf(name)
  return at < 0 ? 1 : lineAt(schema, at)
}

/** The line of a place in a text, counted from 1. */
export const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length
