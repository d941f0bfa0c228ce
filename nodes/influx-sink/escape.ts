import type { Product } from '../../core/influx/products.ts'

/** Writes a text; undefined where the server could not read it back as it was. */
export type Escape = (text: string) => string | undefined

export interface Escapes {
  readonly measurement: Escape
  /** Names of tags and fields, and what tags hold. */
  readonly name: Escape
  /** A text in a field, with its quotes. */
  readonly text: (text: string) => string
}

/** Most names have none of these, and are written as they are. */
const MAY_NEED = /[,= \\\n\r\t]/
const LINE_BREAK = /[\n\r]/

/**
 * The rules of line protocol. InfluxDB takes a backslash for itself unless a comma, an equals sign
 * or a space is behind it, so that none can stand at the end: there it would belong to the comma
 * that ends the tag. QuestDB and VictoriaMetrics take one away before any character.
 */
export function escapesOf(product: Product): Escapes {
  const { doublesBackslash, takesNewlines } = product
  const quoted = takesNewlines ? /["\\\n\r]/g : /["\\]/g
  const by = (special: RegExp): Escape =>
    doublesBackslash
      ? text =>
          takesNewlines || !LINE_BREAK.test(text) ? text.replace(special, '\\$&') : undefined
      : text => (isLost(text, product) ? undefined : text.replace(special, '\\$&'))
  const some =
    (escaped: Escape): Escape =>
    text =>
      MAY_NEED.test(text) ? escaped(text) : text
  const withBackslash = takesNewlines ? /[,= \\\n\r]/g : /[,= \\]/g
  // InfluxDB 1 and 2 take no backslash away before an equals sign in a measurement.
  const measurement = doublesBackslash ? withBackslash : /[, ]/g
  return {
    measurement: some(by(measurement)),
    name: some(by(doublesBackslash ? withBackslash : /[,= ]/g)),
    text: text => `"${text.replace(quoted, '\\$&')}"`
  }
}

const isLost = (text: string, { splitsAtTabs }: Product): boolean =>
  LINE_BREAK.test(text) || text.endsWith('\\') || (splitsAtTabs === true && text.includes('\t'))
