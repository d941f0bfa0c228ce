/** Text for HTML, in elements and in attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

/** A value as JavaScript that can stand in a script element: nothing in it can end the element. */
export function scriptLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scriptLiteral).join(',')}]`
  if (typeof value !== 'object' || value === null)
    return (JSON.stringify(value) ?? 'undefined').replaceAll('<', '\\u003c')
  const parts = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    // In quotes, `__proto__` would be the prototype; as a computed name it is a name.
    .map(([name, each]) => `${keyOf(name)}:${scriptLiteral(each)}`)
  return `{${parts.join(',')}}`
}

const keyOf = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) && name !== '__proto__' ? name : `[${scriptLiteral(name)}]`

/** i18next splits keys at dots and colons. */
export const isLocaleKey = (text: string): boolean => /^[\w-]+$/.test(text)
