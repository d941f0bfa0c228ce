import { MillraceError } from '../../errors.ts'

export interface ProbeRequest {
  readonly action: string
  /** The configuration node that the dialog is of; empty for one that is not named. */
  readonly id: string
  readonly values: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, string>>
  /**
   * The values of the TLS configuration chosen there, as the editor has them; undefined where it
   * sends none.
   */
  readonly tls: Readonly<Record<string, unknown>> | undefined
}

/**
 * Longer texts are no settings: a list of a million brokers would keep Node-RED busy. Certificates
 * are texts too.
 */
const MAX_TEXT = 8_000
/** A schema that is asked about. */
const MAX_QUERY = 64_000
const MAX_CERTIFICATE = 200_000

/** @throws MillraceError OPTIONS_INVALID where the body is not of this form */
export function requestOf(body: unknown): ProbeRequest {
  if (!isRecord(body)) throw invalid('The request must be a JSON object.')
  const { action, id = '', values = {}, query = {}, tls } = body
  if (typeof action !== 'string') throw invalid('The request must name an action.')
  if (typeof id !== 'string') throw invalid('The id must be text.')
  return {
    action,
    id,
    values: scalars(values, 'values', MAX_TEXT),
    query: shortTexts(query),
    tls: tls === undefined || tls === null ? undefined : scalars(tls, 'tls', MAX_CERTIFICATE)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The values that are text, number or boolean; the others cannot be settings of a configuration
 * node.
 */
function scalars(value: unknown, name: string, maxText: number): Record<string, unknown> {
  if (!isRecord(value)) throw invalid(`"${name}" must be a JSON object.`)
  const long = Object.entries(value).find(
    ([, text]) => typeof text === 'string' && text.length > maxText
  )
  if (long) throw invalid(`${long[0].slice(0, 40)}: is longer than ${maxText} characters.`)
  return Object.fromEntries(Object.entries(value).filter(([, it]) => typeof it !== 'object'))
}

/**
 * The editor sends every text of the dialog here; what is long, such as a statement, no probe asks
 * for.
 */
function shortTexts(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw invalid('"query" must be a JSON object.')
  const isShort = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string' && entry[1].length <= MAX_QUERY
  return Object.fromEntries(Object.entries(value).filter(isShort))
}

const invalid = (text: string) => new MillraceError('OPTIONS_INVALID', text)
