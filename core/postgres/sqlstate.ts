/**
 * What an error of the database means for the records that were being written.
 *
 * - `away`: the database cannot be reached, is not ready or is not well: everything waits.
 * - `busy`: this attempt lost against another (deadlock, lock, time-out): the same again after a
 *   short wait.
 * - `duplicate`: a row with this key is there.
 * - `poison`: a value that the table cannot hold: find the record and reject it, store the others.
 * - `limit`: too much at once, as for compressed chunks: fewer rows may work, a blind retry never
 *   does.
 * - `setting`: nothing will be stored until a person changes something; or, as the code does not
 *   tell, a row is to blame.
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
  /** The source file and the function of the server that raised it. */
  readonly file?: string
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

/** What is told apart within a class; the classes are below. */
const BY_CODE: Readonly<Record<string, FailureKind>> = {
  // cardinality_violation: two rows whose keys only the server takes for the same, as 1.0 and 1.00,
  // in one statement
  '21000': 'limit',
  '23505': 'duplicate',
  // integrity_constraint_violation of the transaction as a whole, not a lost race
  '40002': 'poison',
  // out_of_memory, also for locks (a batch that touches very many chunks): fewer rows need less
  '53200': 'limit',
  // configuration_limit_exceeded; TimescaleDB says so when an update would decompress too many rows
  '53400': 'limit',
  // too many columns or arguments: the mapping, whatever the rows
  '54011': 'setting',
  '54023': 'setting',
  // somebody uses it now, a lock cannot be had now
  '55006': 'busy',
  '55P03': 'busy',
  '57014': 'busy',
  // transaction_timeout of the server, as statement_timeout
  '25P04': 'busy',
  // database_dropped
  '57P04': 'setting'
}

/**
 * Every class of appendix A that an INSERT or a COPY can meet, its triggers and foreign tables
 * included.
 */
const BY_CLASS: Readonly<Record<string, FailureKind>> = {
  '08': 'away',
  // triggered_action_exception, and case_not_found: code in the database that chokes on a row
  '09': 'poison',
  '20': 'poison',
  '22': 'poison',
  '23': 'poison',
  // what the session remembers is not what we think (a pooler, a fail-over, a time-out): the next
  // connection may do
  '24': 'away',
  '25': 'away',
  '26': 'away',
  '27': 'poison',
  '28': 'setting',
  '34': 'away',
  // exceptions of triggers in other languages, and nulls that they do not take
  '38': 'poison',
  '39': 'poison',
  '3B': 'away',
  '3D': 'setting',
  '3F': 'setting',
  '40': 'busy',
  '42': 'setting',
  '44': 'poison',
  '53': 'away',
  '54': 'poison',
  '55': 'setting',
  '57': 'away',
  // the server's disk and files, corruption: rows are not to blame, though a person must help
  '58': 'away',
  F0: 'away',
  P0: 'poison'
}

/** Corrupted data or index: blaming the rows that meet it would reject good ones. */
const CORRUPTED = ['XX001', 'XX002']

/**
 * Errors that no waiting cures, though no row and no setting of the node is to blame: the server
 * needs help.
 */
const NEEDS_HELP = /^(53100|53400|58|F0|XX00[12])/

/**
 * What this error means. Errors without a SQLSTATE are of the network or the driver: the database
 * is away.
 */
export function failureKind(error: unknown): FailureKind {
  const code = sqlstateOf(error)
  if (code === undefined) return kindOfDriver(error)
  if (isPolicy(error)) return 'poison'
  if (code === PROTOCOL_VIOLATION) return isOfTheRows(error) ? 'poison' : 'away'
  if (CORRUPTED.includes(code)) return 'away'
  // an unknown code stops all records rather than rejecting them all
  return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 'setting'
}

/**
 * Whether a person must do something before records are stored again; if not, it passes by itself.
 */
export function needsPerson(error: unknown): boolean {
  return failureKind(error) === 'setting' || NEEDS_HELP.test(sqlstateOf(error) ?? '')
}

const PROTOCOL_VIOLATION = '08P01'

/**
 * PostgreSQL says "protocol violation" of bytes that are no value of their column, and the
 * connection goes on. A pooler says it of connections that it cannot give (PgBouncer), and names no
 * function of its source.
 */
function isOfTheRows(error: unknown): boolean {
  const { routine, severity } = error as Partial<ServerError>
  return routine !== undefined && severity !== 'FATAL'
}

/** The table is another one than the statement was made for; see `TableChanged`. */
export const TABLE_CHANGED = 'TABLE_CHANGED'

function kindOfDriver(error: unknown): FailureKind {
  if ((error as { code?: unknown } | null)?.code === TABLE_CHANGED) return 'busy'
  return settingOfDriver(error) ? 'setting' : 'away'
}

/**
 * A policy of row-level security refuses the row. Its code is that of a missing right, and the text
 * is in the server's language.
 */
function isPolicy(error: unknown): boolean {
  const { code, routine, message } = error as Partial<ServerError>
  return (
    code === '42501' &&
    (routine === 'ExecWithCheckOptions' || /row-level security/.test(message ?? ''))
  )
}

/** What the driver and TLS refuse before the server is asked, and a retry cannot cure. */
const DRIVER_SETTINGS =
  /password must be a|does not support SSL|certificate|altnames|unsupported authentication|SASL: /i

function settingOfDriver(error: unknown): boolean {
  const { message, code } = (error ?? {}) as { message?: string; code?: unknown }
  if (code === 'DATABASE_SETTING') return true
  return (
    DRIVER_SETTINGS.test(message ?? '') ||
    (typeof code === 'string' && /^(ERR_TLS|ERR_SSL|ERR_INVALID|CERT_|UNABLE_TO_)/.test(code))
  )
}

/** The number of the row (from 1) that a COPY's error names. */
export function copyLine(error: unknown): number | undefined {
  const match = /^COPY [^\n]*?, line (\d+)/m.exec(
    (error as Partial<ServerError> | null)?.where ?? ''
  )
  return match ? Number(match[1]) : undefined
}
