/** Holds what the devices sent against what is in the table and in the dead-letter topic. */
import pg from 'pg'
import type { Found } from '../kafka-topics.ts'
import type { Reading } from './readings.ts'

export interface Row {
  readonly time: string
  readonly device_id: string
  readonly location: string
  readonly metric: string
  readonly value: number
}

export async function rowsOf(url: string, table: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      `SELECT time, device_id, location, metric, value FROM ${client.escapeIdentifier(table)}`
    )
    return rows.map(row => ({ ...row, time: (row.time as Date).toISOString() }))
  } finally {
    await client.end()
  }
}

export async function countRows(url: string, table: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      `SELECT count(*)::int AS n FROM ${client.escapeIdentifier(table)}`
    )
    return rows[0].n
  } finally {
    await client.end()
  }
}

export interface Account {
  /** Rows and dead letters that were expected and found. */
  readonly stored: number
  readonly deadLetters: number
  /** Expected and found nowhere, by kind of reading. */
  readonly lost: readonly string[]
  /** Rows there more than once. */
  readonly rowsTwice: number
  /** Dead letters there more often than they were sent. */
  readonly lettersTwice: number
  /** Rows and dead letters that nobody sent. */
  readonly strange: readonly string[]
}

const rowKey = ({ time, device_id, location, metric, value }: Row) =>
  [time, device_id, location, metric, value].join('|')
const letterKey = (code: string, value: Buffer | string | null) =>
  `${code}|${Buffer.from(value ?? '').toString('latin1')}`

/**
 * All rows and dead letters against what was sent. Lost is only what the broker had acknowledged to
 * its device.
 */
export function account(
  sent: readonly Reading[],
  rows: readonly Row[],
  letters: readonly Found[],
  acknowledged: readonly Reading[] = sent
): Account {
  const { rows: expectedRows, letters: expectedLetters } = expectations(acknowledged)
  const possible = expectations(sent)
  const foundRows = counted(rows.map(rowKey))
  const foundLetters = counted(
    letters.map(({ headers, value }) => letterKey(headers['millrace.reason.code'] ?? '', value))
  )
  const lost: string[] = []
  for (const [key, kind] of expectedRows) if (!foundRows.has(key)) lost.push(`${kind}: row ${key}`)
  for (const [key, { kind, times }] of expectedLetters) {
    for (let missing = times - (foundLetters.get(key) ?? 0); missing > 0; missing--)
      lost.push(`${kind}: dead letter ${key.slice(0, 120)}`)
  }
  const strange = [
    ...[...foundRows.keys()].filter(key => !possible.rows.has(key)).map(key => `row ${key}`),
    ...[...foundLetters.keys()]
      .filter(key => !possible.letters.has(key))
      .map(key => `dead letter ${key.slice(0, 120)}`)
  ]
  return {
    stored: [...expectedRows.keys()].filter(key => foundRows.has(key)).length,
    deadLetters: [...expectedLetters].reduce(
      (sum, [key, { times }]) => sum + Math.min(times, foundLetters.get(key) ?? 0),
      0
    ),
    lost,
    rowsTwice: rows.length - foundRows.size,
    lettersTwice: [...possible.letters].reduce(
      (sum, [key, { times }]) => sum + Math.max(0, (foundLetters.get(key) ?? 0) - times),
      0
    ),
    strange
  }
}

function expectations(readings: readonly Reading[]) {
  const rows = new Map<string, string>()
  const letters = new Map<string, { kind: string; times: number }>()
  for (const { fate, kind, payload } of readings) {
    if ('stored' in fate) rows.set(rowKey(fate.stored), kind)
    else {
      const key = letterKey(fate.code, fate.bytes ?? payload)
      letters.set(key, { kind, times: (letters.get(key)?.times ?? 0) + 1 })
    }
  }
  return { rows, letters }
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

/** How many rows, and at least how many dead letters, there must be in the end. */
export function expectedOf(sent: readonly Reading[]): { rows: number; letters: number } {
  const { rows, letters } = expectations(sent)
  return {
    rows: rows.size,
    letters: [...letters.values()].reduce((sum, { times }) => sum + times, 0)
  }
}
