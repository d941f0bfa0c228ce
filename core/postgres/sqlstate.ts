/**
 * What an error of the database means for the records that were being written.
 *
 * - `away`: the database cannot be reached or is not ready: everything waits.
 * - `busy`: this attempt lost against another (deadlock, lock, time-out): the same again after a short wait.
 * - `duplicate`: a row with this key is there.
 * - `poison`: a value that the table cannot hold: find the record and reject it, store the others.
 * - `limit`: too much at once, as for compressed chunks: fewer rows may work, a blind retry never does.
 * - `setting`: nothing will be stored until a person changes something; or, as the code does not tell, a row is to blame.
 *
 * Codes: PostgreSQL documentation, appendix A.
 */
export type FailureKind = 'away' | 'busy' | 'duplicate' | 'poison' | 'limit' | 'setting'

/** The fields of an error that the server sent. */
export interface ServerError extends Error {
  readonly code: string
  readonly severity: string
  readonly detail?: string
  readonly hint?: string
  /** For COPY: `COPY telemetry, line 3`. */
  readonly where?: string
  /** The function of the server that raised it. */
  readonly routine?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && SQLSTATE.test(sqlstateOf(error) ?? '')
}

/** The five characters of the server's code, or undefined where the error is not the server's. */
export function sqlstateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined
}

// EPERM and EPIPE, which Node's own errors have, also are five capital letters
const SQLSTATE = /^(?!E[A-Z]{4})[0-9A-Z]{5}$/

const BY_CODE: Readonly<Record<string, FailureKind>> = {
  // cardinality_violation: two rows whose keys only the server takes for the same, as 1.0 and 1.00, in one statement
  '21000': 'limit',
  '23505': 'duplicate',
  // a client that got the wrong half of a fail-over, which the next connection may not
  '25006': 'away',
  '40001': 'busy',
  '40P01': 'busy',
  // configuration_limit_exceeded; TimescaleDB says so when an update would decompress too many rows
  '53400': 'limit',
  '55P03': 'busy',
  '57014': 'busy',
  '57P05': 'away',
  '0A000': 'setting',
  '3D000': 'setting',
  '28000': 'setting',
  '28P01': 'setting',
  '23P01': 'poison'
}

const BY_CLASS: Readonly<Record<string, FailureKind>> = {
  '08': 'away',
  '22': 'poison',
  '23': 'poison',
  '40': 'busy',
  '44': 'poison',
  '53': 'away',
  '54': 'poison',
  '57': 'away',
  P0: 'poison'
}

/** What this error means. Errors without a SQLSTATE are of the network or the driver: the database is away. */
export function failureKind(error: unknown): FailureKind {
  const code = sqlstateOf(error)
  if (code === undefined) return settingOfDriver(error) ? 'setting' : 'away'
  if (isPolicy(error)) return 'poison'
  // an unknown code stops all records rather than rejecting them all
  return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 'setting'
}

/** A policy of row-level security refuses the row. Its code is that of a missing right, and the text is in the server's language. */
function isPolicy(error: unknown): boolean {
  const { code, routine, message } = error as Partial<ServerError>
  return code === '42501' && (routine === 'ExecWithCheckOptions' || /row-level security/.test(message ?? ''))
}

/** What the driver and TLS refuse before the server is asked, and a retry cannot cure. */
const DRIVER_SETTINGS = /password must be a|does not support SSL|certificate|altnames|unsupported authentication|SASL: /i

function settingOfDriver(error: unknown): boolean {
  const { message, code } = (error ?? {}) as { message?: string; code?: unknown }
  if (code === 'DATABASE_SETTING') return true
  return DRIVER_SETTINGS.test(message ?? '') || (typeof code === 'string' && /^(ERR_TLS|ERR_SSL|ERR_INVALID|CERT_|UNABLE_TO_)/.test(code))
}

/** The number of the row (from 1) that a COPY's error names. */
export function copyLine(error: unknown): number | undefined {
  const match = /^COPY [^\n]*?, line (\d+)/m.exec((error as Partial<ServerError> | null)?.where ?? '')
  return match ? Number(match[1]) : undefined
}
