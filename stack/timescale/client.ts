/**
 * One connected client: reads its messages, runs them in turns, writes what the database answers.
 */
import type { Socket } from 'node:net'
import { CopyIn, copyKind, isBinary, refusal } from './copy.ts'
import type { Database } from './database.ts'
import * as wire from './messages.ts'
import { Settings } from './settings.ts'
import { drained, untilWhole } from './sockets.ts'
import { type Greeting, greet } from './startup.ts'

/**
 * The messages after which the database is to act; all others are collected until one of these
 * comes.
 */
const actsAtOnce = new Set(['S', 'Q', 'F', 'H'])

/** Both would take away what other clients have prepared. */
const discardsAll = /^\s*(discard|deallocate)\s+all\s*;?\s*$/i

export class Client {
  readonly id: number
  /** When the current transaction last did something; undefined outside of one. */
  idleSince: number | undefined
  private readonly socket: Socket
  private readonly database: Database
  private readonly prefix: string
  private readonly statements = new Set<string>()
  private readonly settings = new Settings()
  private unnamed: wire.Message | undefined
  private cycle: wire.Message[] = []
  private copy: CopyIn | undefined

  constructor(id: number, socket: Socket, database: Database) {
    this.id = id
    this.socket = socket
    this.database = database
    this.prefix = `c${id}.`
  }

  /** Serves the client until it leaves. */
  async serve(allowed: Greeting): Promise<void> {
    try {
      const start = await greet(this.socket, this.id, allowed)
      if (!start) return
      for (const sql of start.settings) this.settings.note(sql)
      await this.read(start.rest)
    } finally {
      this.copy?.discard()
      this.socket.destroy()
    }
  }

  private async read(first: Buffer): Promise<void> {
    let rest = first
    for (;;) {
      const split = wire.splitMessages(rest)
      for (const message of split.messages) {
        if (wire.typeOf(message) === 'X') return
        await this.take(message)
      }
      const more = await untilWhole(this.socket, split.rest)
      if (!more) return
      rest = more
    }
  }

  private async take(message: wire.Message): Promise<void> {
    if (this.idleSince !== undefined) this.idleSince = performance.now()
    if (this.copy) {
      if (this.copy.take(message)) await this.finishCopy(this.copy)
      return
    }
    const kind = copyKind(message)
    if (kind === 'collect') {
      this.copy = new CopyIn(message, this.database.folder, this.id)
      this.socket.write(wire.copyInResponse(isBinary(message)))
    } else if (
      wire.typeOf(message) === 'Q' &&
      discardsAll.test(wire.sqlOf(message)) &&
      this.idleSince === undefined
    ) {
      await this.discardAll(wire.sqlOf(message))
    } else {
      this.cycle.push(kind === 'refuse' ? refusal(message) : message)
      if (actsAtOnce.has(wire.typeOf(message))) await this.runCycle()
    }
  }

  private async finishCopy(copy: CopyIn): Promise<void> {
    this.copy = undefined
    // the client has got its CopyInResponse from us already
    await this.run(copy.statement(), response => wire.withoutMessages(response, 'G', 1)).finally(
      () => copy.discard()
    )
  }

  private async runCycle(): Promise<void> {
    const messages = this.cycle
    this.cycle = []
    await this.database.turns.take(this)
    const again = this.unnamedAgain(messages)
    const own = messages.map(message => wire.withPrefix(message, this.prefix))
    await this.run(Buffer.concat([...again, ...own]), response => {
      this.remember(messages, wire.summarize(response).failed)
      return wire.withoutMessages(response, '1', again.length)
    })
  }

  /**
   * Another client's turn has replaced the unnamed statement that these messages use: it is
   * prepared again first.
   */
  private unnamedAgain(messages: wire.Message[]): wire.Message[] {
    const first = messages.find(wire.usesUnnamed)
    if (!first || wire.typeOf(first) === 'P' || !this.unnamed || this.database.unnamedOf === this)
      return []
    this.database.unnamedOf = this
    return [this.unnamed]
  }

  private remember(messages: wire.Message[], failed: boolean): void {
    for (const message of messages) {
      const type = wire.typeOf(message)
      if (type === 'P' && wire.usesUnnamed(message)) {
        this.unnamed = Buffer.from(message)
        this.database.unnamedOf = this
      }
      const name = wire.statementOf(message)
      if (name && type === 'P') this.statements.add(this.prefix + name)
      if (name && type === 'C') this.statements.delete(this.prefix + name)
      const changed =
        (type === 'Q' || type === 'P') && !failed && this.settings.note(wire.sqlOf(message))
      if (changed)
        this.database.settingsChanged(changed === 'set' ? this.settings.statements : undefined)
    }
  }

  private async discardAll(sql: string): Promise<void> {
    const verb = discardsAll.exec(sql)?.[1]?.toUpperCase()
    await this.database.turns.take(this)
    this.database.forget(this.statements, false)
    this.statements.clear()
    if (verb === 'DISCARD') this.settings.clear()
    this.database.turns.give(this)
    this.socket.write(
      Buffer.concat([wire.makeMessage('C', `${verb} ALL`), wire.readyForQuery('I')])
    )
  }

  /**
   * Runs messages in a turn of this client, and keeps the turn when a transaction or a cycle stays
   * open. `edit` sees the response while the turn lasts, and returns what of it the client gets.
   */
  private async run(messages: Buffer, edit: (response: Buffer) => Buffer): Promise<void> {
    await this.database.turns.take(this)
    if (this.socket.destroyed) return
    if (this.idleSince === undefined) this.database.useSettings(this.settings.statements)
    const response = edit(this.database.run(messages))
    const { status } = wire.summarize(response)
    this.idleSince = status === 'I' ? undefined : performance.now()
    if (status === 'I') this.database.turns.give(this)
    if (!this.socket.write(response)) await drained(this.socket)
  }

  /** Tells the client why, and closes the connection. */
  terminate(code: string, message: string): void {
    this.socket.end(wire.errorResponse('FATAL', code, message))
    this.socket.destroySoon()
  }

  /**
   * After the end of the connection: an open transaction is rolled back, what the session kept for
   * this client goes.
   */
  async leave(isLast: boolean): Promise<void> {
    await this.database.turns.take(this)
    this.database.run(wire.simpleQuery('ROLLBACK'))
    if (this.database.unnamedOf === this) this.database.unnamedOf = undefined
    this.database.forget(this.statements, isLast)
    this.database.turns.give(this)
  }
}
