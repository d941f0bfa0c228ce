/**
 * COPY FROM STDIN. PGlite cannot pause in the middle of a statement to wait for rows, so they are
 * collected and handed over at the end: a small COPY as messages, a large one as a file in the data
 * folder, which takes no memory.
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  bodyOf,
  type Message,
  makeMessage,
  simpleQuery,
  sqlOf,
  statementOf,
  typeOf
} from './messages.ts'

/** Above this the rows go to a file. */
const maxMemoryBytes = 4 << 20
const folderName = 'millrace-copy'
/** Where the engine sees the data folder. */
const engineFolder = '/tmp/pglite/base'

const quotedAndComments =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g
const copyFromStdin = /\bcopy\b[^;]*\bfrom\s+stdin\b/i
/**
 * With a limit before it and a query after it at most, such as one that holds the table against
 * what is expected.
 */
const nothingElse = /^\s*(set\s+local\b[^;]*;\s*)?copy\b[^;]*(;\s*select\b[^;]*)?;?\s*$/i

/** SQL without its texts, quoted names and comments. */
const bare = (sql: string) => sql.replace(quotedAndComments, ' ')

/**
 * 'collect' for a query that is a COPY FROM STDIN, 'refuse' where one is prepared or comes with
 * other statements than a SELECT.
 */
export function copyKind(message: Message): 'collect' | 'refuse' | undefined {
  if (typeOf(message) !== 'Q' && typeOf(message) !== 'P') return undefined
  const sql = sqlOf(message)
  if (!/stdin/i.test(sql) || !copyFromStdin.test(bare(sql))) return undefined
  return typeOf(message) === 'Q' && nothingElse.test(bare(sql)) ? 'collect' : 'refuse'
}

/** A statement in place of one that would end the engine: it waits for rows that cannot come. */
export function refusal(message: Message): Message {
  const reason = 'COPY FROM STDIN must be a simple query of its own for this embedded database'
  const sql = `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = '${reason}'; END $$`
  return typeOf(message) === 'Q'
    ? simpleQuery(sql)
    : makeMessage('P', statementOf(message), sql, [0, 0])
}

export function isBinary(message: Message): boolean {
  return /\bbinary\b/i.test(bare(sqlOf(message)))
}

export class CopyIn {
  private readonly query: Message
  private readonly dataFolder: string
  private readonly id: number
  private rows: Message[] = []
  private bytes = 0
  private file: number | undefined

  constructor(query: Message, dataFolder: string, id: number) {
    // the message is part of a chunk that would be held with it
    this.query = Buffer.from(query)
    this.dataFolder = dataFolder
    this.id = id
  }

  private get path(): string {
    return join(this.dataFolder, folderName, String(this.id))
  }

  /** Takes one message; true when it was the last one. */
  take(message: Message): boolean {
    switch (typeOf(message)) {
      case 'd':
        this.add(message)
        return false
      case 'c':
        this.rows.push(Buffer.from(message))
        return true
      case 'f':
        // the rows are not wanted any more, only the error that the client names
        this.discard()
        this.rows = [Buffer.from(message)]
        return true
      default:
        // Flush and Sync are to be ignored while a COPY goes on
        return false
    }
  }

  private add(message: Message): void {
    this.bytes += message.length
    if (this.file === undefined && this.bytes > maxMemoryBytes) {
      mkdirSync(join(this.dataFolder, folderName), { recursive: true })
      this.file = openSync(this.path, 'w')
      for (const row of this.rows) writeSync(this.file, bodyOf(row))
      this.rows = []
    }
    if (this.file === undefined) this.rows.push(Buffer.from(message))
    else writeSync(this.file, bodyOf(message))
  }

  /** The messages that do the whole COPY at once. */
  statement(): Buffer {
    if (this.file === undefined) return Buffer.concat([this.query, ...this.rows])
    closeSync(this.file)
    this.file = undefined
    const from = `${engineFolder}/${folderName}/${this.id}`
    return simpleQuery(sqlOf(this.query).replace(/\bfrom\s+stdin\b/i, `FROM '${from}'`))
  }

  discard(): void {
    if (this.file !== undefined) closeSync(this.file)
    this.file = undefined
    rmSync(this.path, { force: true })
  }
}

/** Removes what a killed server has left. */
export function removeLeftovers(dataFolder: string): void {
  rmSync(join(dataFolder, folderName), { recursive: true, force: true })
}
