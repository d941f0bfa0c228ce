/** Text for HTML, in elements and in attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

/** JSON that can stand in a script element: nothing in it can end the element. */
export const scriptJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll('<', '\\u003c')

/** i18next splits keys at dots and colons. */
export const isLocaleKey = (text: string): boolean => /^[\w-]+$/.test(text)
