import type { QueryConfig } from 'pg'
import { parseTableName, quoted } from '../../core/postgres/identifier.ts'
import { type ServerError, sqlstateOf } from '../../core/postgres/sqlstate.ts'
import { stepsOf } from '../../core/record/field-path.ts'
import { type Blame, Failure, GIVE_UP_AFTER, type Lookup, type LookupOutcome } from './answer.ts'
import { columnTypes } from './column-types.ts'
import type { Copy, Metadata, MetadataRow } from './metadata.ts'
import { keyText } from './table.ts'

/** What is needed of a database configuration node. */
export interface LookupQueries {
  query(
    statement: QueryConfig,
    values: readonly unknown[]
  ): Promise<{ rows: Record<string, unknown>[]; fields?: readonly { readonly name: string }[] }>
}

/** How many devices one statement asks for. */
const MAX_KEYS = 1000

/**
 * The statement for a table; without any `copies` it reads all columns. @throws Error if `table` is
 * not the name of a table
 */
export function statementFor(table: string, keyColumn: string, copies: readonly Copy[]): string {
  const name = parseTableName(table)
  if (!name) throw new Error(`"${table}" is not the name of a table`)
  const columns = new Set([keyColumn, ...copies.map(({ from }) => (stepsOf(from) ?? [from])[0]!)])
  const list = copies.length === 0 ? '*' : [...columns].map(quoted).join(', ')
  return `SELECT ${list} FROM ${name.sql} WHERE ${quoted(keyColumn)} = ANY($1)`
}

/**
 * Looks devices up by a statement whose $1 is the array of keys and whose rows hold the key. All
 * devices of a batch at once.
 */
export function databaseLookup(
  database: LookupQueries,
  statement: string,
  keyColumn: string,
  project: (row: MetadataRow) => Metadata
): Lookup {
  const rowsFor = async (keys: readonly string[]) =>
    (await database.query({ text: statement, types: await columnTypes() }, [keys])).rows
  const failureFor = (keys: readonly string[]) =>
    rowsFor(keys).then(
      () => undefined,
      (error: Error) => error
    )
  return {
    async ask(keys) {
      const search = new Search(rowsFor, failureFor, rows => metadataOf(rows, keyColumn, project))
      for (let at = 0; at < keys.length; at += MAX_KEYS)
        await search.ask(keys.slice(at, at + MAX_KEYS))
      return search.outcomes
    },
    // For no device: a statement that is wrong fails also then.
    answers: async () => (await failureFor([])) === undefined
  }
}

function metadataOf(
  rows: readonly MetadataRow[],
  keyColumn: string,
  project: (row: MetadataRow) => Metadata
): Map<string, Metadata> {
  const found = new Map<string, Metadata>()
  for (const row of rows) {
    const key = keyText(row[keyColumn])
    if (key !== undefined && !found.has(key)) found.set(key, project(row))
  }
  return found
}

/** One device can fail a statement for all: what fails is halved until that one is alone. */
class Search {
  readonly outcomes = new Map<string, LookupOutcome>()
  #sound = false
  #failuresInRow = 0
  #away = false

  constructor(
    private readonly rowsFor: (keys: readonly string[]) => Promise<readonly MetadataRow[]>,
    private readonly failureFor: (keys: readonly string[]) => Promise<Error | undefined>,
    private readonly metadataOf: (rows: readonly MetadataRow[]) => ReadonlyMap<string, Metadata>
  ) {}

  async ask(keys: readonly string[]): Promise<void> {
    if (this.#away) return
    let found: ReadonlyMap<string, Metadata>
    try {
      found = this.metadataOf(await this.rowsFor(keys))
    } catch (error) {
      await this.#failed(keys, error as Error)
      return
    }
    this.#failuresInRow = 0
    for (const key of keys) this.outcomes.set(key, found.get(key) ?? null)
  }

  async #failed(keys: readonly string[], error: Error): Promise<void> {
    const blame = blameOf(error)
    if (blame === 'source') return this.#giveUp(keys[0]!, error)
    if (keys.length === 1) {
      if (cannotBeHeld(error)) this.outcomes.set(keys[0]!, null)
      else this.#alone(keys[0]!, error)
      return
    }
    if (!this.#sound) {
      const wrong = await this.failureFor([])
      if (wrong) return this.#giveUp(keys[0]!, wrong)
      this.#sound = true
    }
    const middle = keys.length >> 1
    await this.ask(keys.slice(0, middle))
    await this.ask(keys.slice(middle))
  }

  #alone(key: string, error: Error): void {
    this.outcomes.set(key, new Failure('doubtful', error))
    this.#away = ++this.#failuresInRow >= GIVE_UP_AFTER
  }

  #giveUp(key: string, error: Error): void {
    this.outcomes.set(key, new Failure('source', error))
    this.#away = true
  }
}

/**
 * Connection, transaction state, login, catalogue, conflicts, resources, locks, shutdown and system
 * errors: PostgreSQL, appendix A. A statement that is wrong shows itself by failing also for no
 * device.
 */
const OF_THE_SOURCE = /^(08|25|28|3D|40|53|55|57P|58)/

function blameOf(error: Error): Blame {
  const code = sqlstateOf(error)
  return code === undefined || OF_THE_SOURCE.test(code) ? 'source' : 'doubtful'
}

/**
 * The column's type has no such value ("abc" as a number, a NUL), so there is no such device. The
 * context names the parameter.
 */
function cannotBeHeld(error: Error): boolean {
  const code = sqlstateOf(error) ?? ''
  return (
    code === '22021' ||
    (code.startsWith('22') && ((error as Partial<ServerError>).where ?? '').includes('$1'))
  )
}
