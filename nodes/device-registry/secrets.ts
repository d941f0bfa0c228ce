/** What nobody should find in a list of devices, though an export of one may have it. */

/** Names that have one of these anywhere, however they are put together. */
const PARTS =
  /passw(?:or)?d|passphrase|passcode|secret|credential|connectionstr|connstr|privatekey|accesssignature/
/** Names that have one of these as a word. */
const WORDS =
  /^(?:key(?:s|value|pem|base64)|pass|pwd|pw|tokens?|sas|psk|pem|pfx|p12|pkcs8|pkcs12|jks|jwt|bearer)$/
/** What the name ends with, apart from what says in which form it is: `appskey`, `key 2`. */
const ENDS = /(?:keys?|tokens?|pwd|psk)$/
const FORM = /^(?:\d+|value|text|string|base64|b64|hex|encoded|raw|file|data|primary|secondary)$/

/** What shows by itself that it opens something, whatever its field is called. */
const OPENS = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/,
  /(?:SharedAccessKey|AccountKey|Password|Pwd)\s*=/i,
  /SharedAccessSignature\s/i,
  /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@]*:[^/?#\s@]+@/i
]

const MAX_DEPTH = 8

/** Whether a field is one whose value nobody should find in a list. */
export function isSecret(name: string): boolean {
  const words = wordsOf(name)
  if (PARTS.test(words.join(''))) return true
  if (words.some(word => WORDS.test(word.replace(/\d+$/, '')) || WORDS.test(word))) return true
  const last = words.findLast(word => !FORM.test(word)) ?? ''
  return ENDS.test(last.replace(/\d+$/, ''))
}

/** Whether a text is a secret, whatever its field is called. */
export const isSecretText = (value: unknown): boolean =>
  typeof value === 'string' && OPENS.some(pattern => pattern.test(value))

/** `SASToken`, `sas_token` and `sasToken` are two words each. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')

/**
 * The same without fields that are secrets, and without what says nothing; what lies too deep to be
 * looked at is left out.
 */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) return undefined
  if (Array.isArray(value))
    return value.filter(each => !isSecretText(each)).map(each => withoutSecrets(each, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, each]) => !isSecret(name) && !isSecretText(each) && (each ?? '') !== '')
      .map(([name, each]) => [name, withoutSecrets(each, depth + 1)])
  )
}
