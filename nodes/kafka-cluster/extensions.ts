import { MillraceError } from '../../core/errors.ts'

/** RFC 7628, 3.1: what a name and a value may be made of. */
const PAIR = /^([A-Za-z]+)=([\x20-\x7e\t]+)$/
const RESERVED = 'auth'

/**
 * `name=value` pairs, separated by commas.
 * @throws MillraceError OPTIONS_INVALID that names what is none
 */
export function extensionsIn(text: string): Readonly<Record<string, string>> {
  const entries = text.split(',').map(entry => entry.trim())
  return Object.fromEntries(
    entries
      .filter(entry => entry !== '')
      .map(entry => {
        const [, name, value] = PAIR.exec(entry) ?? []
        if (name === undefined || value === undefined || name === RESERVED)
          throw new MillraceError(
            'OPTIONS_INVALID',
            `Beside the token: "${entry}" is not of the form name=value, with a name of letters`
          )
        return [name, value]
      })
  )
}
