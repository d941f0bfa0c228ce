/**
 * Holds what was sent against the rows and the dead letters: each message must have come to one
 * end, and to its own.
 */
import type { Found } from '../kafka-topics.ts'
import type { Row } from '../pipeline/account.ts'
import { type HostileMessage, rowKey } from './fates.ts'

export interface Tally {
  readonly stored: number
  readonly letters: number
  /** How many have come to no end, which some may. */
  readonly filtered: number
  /** Sentences, one for each message that has not come to the end that it must; the kind first. */
  readonly wrong: readonly string[]
  /** Rows and dead letters that nobody sent. */
  readonly strange: readonly string[]
  /** How many dead letters each code has. */
  readonly codes: Readonly<Record<string, number>>
}

interface End {
  readonly rows: string[]
  readonly codes: string[]
}

export function tally(
  sent: readonly HostileMessage[],
  rows: readonly Row[],
  letters: readonly Found[]
): Tally {
  const ends: End[] = sent.map(() => ({ rows: [], codes: [] }))
  const strange: string[] = []
  const ownerOf = ownersByRow(sent)
  for (const row of rows) {
    const owner = ownerOf(row)
    const key = rowKey(row.time, row.device_id, row.location, row.metric, row.value)
    if (owner === undefined) strange.push(`row ${key.slice(0, 200)}`)
    else ends[owner]!.rows.push(key)
  }
  const senderOf = sendersOfLetters(sent)
  const codes: Record<string, number> = {}
  for (const { headers, value } of letters) {
    const code = headers['millrace.reason.code'] ?? '(no code)'
    codes[code] = (codes[code] ?? 0) + 1
    const sender = senderOf(value)
    if (sender === undefined) strange.push(`dead letter ${code} ${value?.toString().slice(0, 200)}`)
    else ends[sender]!.codes.push(code)
  }
  const wrong = sent.flatMap((message, n) =>
    problemOf(message, ends[n]!).map(problem => `${message.kind} (${n}): ${problem}`)
  )
  const filtered = ends.filter(end => end.rows.length + end.codes.length === 0).length
  return { stored: rows.length, letters: letters.length, filtered, wrong, strange, codes }
}

function problemOf({ fate }: HostileMessage, { rows, codes }: End): string[] {
  const found = `${rows.length} rows${rows[0] ? ` (${rows[0].slice(0, 160)})` : ''}, dead letters [${codes}]`
  if (rows.length + codes.length === 0 && fate.to === 'anywhere') return []
  if (rows.length + codes.length !== 1) return [`must come to one end, has ${found}`]
  if (codes.includes('(no code)')) return ['a dead letter without a code']
  if (fate.to === 'stored')
    return rows[0] === fate.row ? [] : [`must be stored as ${fate.row.slice(0, 160)}, has ${found}`]
  if (fate.to === 'either' || fate.to === 'anywhere') return []
  if (rows.length > 0) return [`must be rejected, has ${found}`]
  return fate.codes === undefined || fate.codes.includes(codes[0]!)
    ? []
    : [`must be rejected as ${fate.codes}, has ${found}`]
}

/**
 * By time or value, since a message may have lost one of them. Where they name two, the good one is
 * not meant.
 */
function ownersByRow(sent: readonly HostileMessage[]): (row: Row) => number | undefined {
  const byTime = new Map(sent.map(({ ts }, n) => [new Date(ts).toISOString(), n]))
  const byValue = new Map(sent.map(({ value }, n) => [value, n]))
  return ({ time, value }) => {
    const found = [byTime.get(time), byValue.get(value)].filter(n => n !== undefined)
    return found.find(n => sent[n]!.kind !== 'good') ?? found[0]
  }
}

/**
 * By the bytes, each of which may have been sent several times; else by the number that the record
 * has.
 */
function sendersOfLetters(
  sent: readonly HostileMessage[]
): (value: Buffer | null) => number | undefined {
  const byBytes = new Map<string, number[]>()
  for (const [n, { payload }] of sent.entries()) {
    const key = Buffer.from(payload as Buffer).toString('latin1')
    byBytes.set(key, [...(byBytes.get(key) ?? []), n])
  }
  return value => {
    const senders = byBytes.get(value?.toString('latin1') ?? '')
    // The last one stays for those that are there too often.
    if (senders !== undefined) return senders.length > 1 ? senders.shift() : senders[0]
    try {
      const { n } = JSON.parse(value?.toString() ?? '') as { n?: number }
      return n !== undefined && sent[n] !== undefined ? n : undefined
    } catch {
      return undefined
    }
  }
}
