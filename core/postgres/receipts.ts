import { Out } from './binary.ts'
import { quoted, type TableName } from './identifier.ts'
import type { Session } from './pool.ts'
import { Claim, type FoundReceipt } from './receipt-claim.ts'
import { startArray } from './rows.ts'
import type { Work } from './work.ts'

/**
 * Exactly once into a table, whatever its key: with the rows, in their transaction, a receipt is
 * stored that says which row of which Kafka offset they are. A row that comes again finds its
 * receipt and is left out.
 *
 * An offset alone would not do as the mark: a flow may make several rows of one message, drop some,
 * or bring them in another order or in several parts. So an entry is the offset and a hash of the
 * row's key.
 */
export class Receipts {
  readonly #offsets: string
  readonly #receipts: string
  readonly #prefix: string
  #notes = 0

  /** `sink` tells apart what two sinks do with the same records. */
  constructor(
    private readonly group: string,
    private readonly sink: string,
    table: Pick<TableName, 'schema'>
  ) {
    this.#prefix = table.schema === undefined ? '' : `${quoted(table.schema)}.`
    this.#offsets = `${this.#prefix}millrace_offsets`
    this.#receipts = `${this.#prefix}millrace_receipts`
  }

  /** Makes the two tables where they are missing. */
  async prepare(session: Session): Promise<void> {
    await session.begin()
    try {
      await session.query('SELECT pg_advisory_xact_lock(1296651852, 1)')
      for (const statement of this.#statements()) await session.query(statement)
      await session.query('COMMIT')
    } catch (error) {
      await session.query('ROLLBACK')
      throw error
    }
  }

  #statements(): string[] {
    const key =
      'group_id text NOT NULL, sink text NOT NULL, topic text NOT NULL, partition integer NOT NULL'
    return [
      `CREATE TABLE IF NOT EXISTS ${this.#offsets} (${key}, next_offset bigint NOT NULL, PRIMARY KEY (group_id, sink, topic, partition))`,
      `CREATE TABLE IF NOT EXISTS ${this.#receipts} (${key}, first_offset bigint NOT NULL, last_offset bigint NOT NULL, entries bytea NOT NULL)`,
      // hashes do not compress, and trying to costs more than storing them
      `ALTER TABLE ${this.#receipts} ALTER COLUMN entries SET STORAGE EXTERNAL`,
      `CREATE INDEX IF NOT EXISTS millrace_receipts_last ON ${this.#receipts} (group_id, sink, topic, partition, last_offset)`
    ]
  }

  /**
   * Begins: waits for whoever else is writing rows of these partitions, such as a consumer that
   * does not know yet that it has lost them, and leaves out the rows that have a receipt. Must run
   * in the transaction that stores the rest.
   */
  async claim(session: Session, work: Work, part: Uint32Array): Promise<Claim> {
    const claim = new Claim(work, part)
    const spans = claim.spans()
    if (spans.length === 0) return claim
    await session.query(this.#lockSql(), [
      ...this.#who,
      ...columnsOf(spans, 'topic', 'partition', 'next')
    ])
    const found = await session.query<FoundReceipt>(this.#findSql(), [
      ...this.#who,
      ...columnsOf(spans, 'topic', 'partition', 'first', 'last')
    ])
    claim.leaveOut(found.rows)
    return claim
  }

  /** Ends: notes that these rows of the claim are stored. */
  async note(session: Session, claim: Claim, stored: Uint32Array): Promise<void> {
    const notes = claim.notesOf(stored)
    if (notes.length === 0) return
    const entries = byteaArray(notes.map(note => note.entries))
    await session.query(this.#noteSql(), [
      ...this.#who,
      ...columnsOf(notes, 'topic', 'partition', 'first', 'last'),
      entries
    ])
    if (++this.#notes % CLEAN_EVERY === 0)
      await session.query(this.#cleanSql(), [...this.#who, KEEP_OFFSETS])
  }

  get #who(): [string, string] {
    return [this.group, this.sink]
  }

  /** In one order everywhere, so that two sinks never wait for each other. */
  #lockSql(): string {
    return `INSERT INTO ${this.#offsets} AS o (group_id, sink, topic, partition, next_offset)
      SELECT $1, $2, * FROM unnest($3::text[], $4::int[], $5::bigint[]) AS w(topic, partition, next) ORDER BY topic, partition
      ON CONFLICT (group_id, sink, topic, partition) DO UPDATE SET next_offset = greatest(o.next_offset, excluded.next_offset)`
  }
  #findSql(): string {
    return `SELECT r.topic, r.partition, r.first_offset AS first, r.entries FROM ${this.#receipts} r
      JOIN unnest($3::text[], $4::int[], $5::bigint[], $6::bigint[]) AS w(topic, partition, first, last)
        ON r.topic = w.topic AND r.partition = w.partition AND r.last_offset >= w.first AND r.first_offset <= w.last
      WHERE r.group_id = $1 AND r.sink = $2`
  }
  #noteSql(): string {
    return `INSERT INTO ${this.#receipts} (group_id, sink, topic, partition, first_offset, last_offset, entries)
      SELECT $1, $2, * FROM unnest($3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::bytea[])`
  }
  #cleanSql(): string {
    return `DELETE FROM ${this.#receipts} r USING ${this.#offsets} o
      WHERE (r.group_id, r.sink) = ($1, $2) AND (o.group_id, o.sink, o.topic, o.partition) = (r.group_id, r.sink, r.topic, r.partition)
        AND r.last_offset < o.next_offset - $3::bigint`
  }
}

/**
 * How far back receipts are kept, in offsets of a partition. Kafka's own committed offset is never
 * that far behind: it follows within a second, and the source reads no further than its bound of
 * unacknowledged messages. What is older is stored again.
 */
const KEEP_OFFSETS = 1_000_000
const CLEAN_EVERY = 200
/** One array a column, as `unnest` takes them. */
const columnsOf = <T extends object>(rows: readonly T[], ...names: (keyof T)[]): unknown[][] =>
  names.map(name => rows.map(row => row[name]))

/** In binary form: pg would write bytes as hexadecimal text, twice as long. */
function byteaArray(values: readonly Buffer[]): Buffer {
  const out = new Out(64 + values.reduce((bytes, value) => bytes + value.length + 4, 0))
  startArray(out, BYTEA_OID, values.length)
  for (const value of values) {
    out.reserve(4)
    out.int32(value.length)
    out.copy(value, 0, value.length)
  }
  return out.buffer.subarray(0, out.at)
}

const BYTEA_OID = 17
