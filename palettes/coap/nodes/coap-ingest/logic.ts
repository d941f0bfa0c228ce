import {
  type Format,
  type Options,
  OptionsError,
  PathRecords,
  type PathRecordsOptions
} from '@millrace/node-red-telemetry'
import { spec } from './spec.ts'

export type IngestOptions = Options<typeof spec>

const MIN_TOKEN = 16

/** @throws OptionsError for settings that cannot be used */
export function recordsOfPath(options: IngestOptions): PathRecords {
  const node = { label: spec.label, stage: 'coap-ingest' }
  return new PathRecords(node, options as unknown as PathRecordsOptions)
}

/** @throws OptionsError where the token is missing or so short that it can be guessed */
export function tokenProblem({ access, token }: Pick<IngestOptions, 'access' | 'token'>): void {
  if (access === 'open' || token.length >= MIN_TOKEN) return
  throw new OptionsError(spec.label, [
    `${spec.fields.token.label}: must have at least ${MIN_TOKEN} characters`
  ])
}

/** The formats that a Content-Format names, by the registry of RFC 7252, 12.3. */
const FORMAT_OF: Readonly<Record<number, Format>> = {
  50: 'json',
  60: 'cbor',
  110: 'senml-json',
  112: 'senml-cbor'
}
const PLAIN_TEXT = 0
export const TAKEN_FORMATS = [PLAIN_TEXT, ...Object.keys(FORMAT_OF).map(Number)]

/**
 * Undefined where it is not taken. One that is not given counts as JSON.
 * @param body plain text shows itself what it is: devices send JSON under it, and bare values
 */
export function formatOf(contentFormat: number | undefined, body: Buffer): Format | undefined {
  if (contentFormat === undefined) return 'json'
  if (contentFormat === PLAIN_TEXT) return isJson(body) ? 'json' : 'bare'
  return Object.hasOwn(FORMAT_OF, contentFormat) ? FORMAT_OF[contentFormat] : undefined
}

const isJson = (body: Buffer): boolean => /^[\s\uFEFF]*[[{]/.test(body.toString('utf8', 0, 64))

/** What stands behind the path as `token=…`. */
export function tokenOf(query: readonly string[]): string | undefined {
  const found = query.find(part => part.startsWith('token='))
  return found?.slice('token='.length)
}
