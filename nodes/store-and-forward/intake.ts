import { MillraceError } from '../../core/errors.ts'
import type { Done } from '../../core/node/define-node.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { type Reason, type Rejection, reject } from '../../core/record/record.ts'
import { type KeptRecord, propertiesText, RecordWriter } from './kept-record.ts'
import type { Priority } from './priority.ts'
import type { Queue } from './queue.ts'
import type { Room } from './room.ts'

export interface DiskIntakeOptions {
  readonly stage: string
  priorityOf(record: unknown, message: Message): Priority
  /** Another copy of it is on its way. */
  isGivenUp(message: Message): boolean
  /** These are no records. */
  onRejected(message: Message, rejected: readonly Rejection[]): void
  /** So many of its records are on the disk. */
  onStored(message: Message, records: number): void
  /** It is not taken: its source sends it again. */
  onReturned(records: number): void
}

/** A message on its way to the disk. */
interface Held {
  readonly message: Message
  readonly done: Done
  readonly records: readonly unknown[]
}

/** What of a message is to be written. */
interface Written {
  readonly kept: (readonly [Priority, KeptRecord])[]
  readonly rejected: Rejection[]
  readonly properties: string
  bytes: number
}

const TOO_MUCH: Reason = {
  code: 'PAYLOAD_TOO_LARGE',
  message: 'The message has more beside its payload than is kept of it.'
}

/** So many are written in one turn. */
const FEW = 1_000

/** Brings messages to the disk in the order they came, as far as there is room. */
export class DiskIntake {
  readonly #line: Held[] = []
  /** Written, and not known to be on the disk. */
  readonly #unsure = new Set<Held>()
  #records = 0
  #isBusy = false
  #isOpen = false
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(
    private readonly queue: Queue,
    private readonly room: Room,
    private readonly options: DiskIntakeOptions
  ) {}

  /** Records that are not on the disk. */
  get records(): number {
    return this.#records
  }
  /** There is no room for what came first. */
  get isBlocked(): boolean {
    return this.#wake !== undefined
  }
  /** Messages that are not on the disk. */
  *[Symbol.iterator](): Generator<Message> {
    for (const { message } of this.#unsure) yield message
    for (const { message } of this.#line) yield message
  }

  /** The queue can be written. */
  open(): void {
    this.#isOpen = true
    this.#begin()
  }

  /** There may be room again. */
  retry(): void {
    this.#wake?.()
  }

  accept(message: Message, done: Done): void {
    const held = { message, done, records: recordsOf(message.payload) }
    this.#records += held.records.length
    if (this.isBlocked && this.#goesFirst(held)) return
    this.#line.push(held)
    this.#begin()
  }

  /** Nothing more is taken; what waits is given back. */
  end(): void {
    this.#isClosed = true
    this.#wake?.()
    for (const held of this.#line.splice(0)) this.#giveBack(held)
  }

  #begin(): void {
    if (this.#isBusy || !this.#isOpen) return
    this.#isBusy = true
    void this.#work()
  }

  async #work(): Promise<void> {
    for (let held = this.#line[0]; held !== undefined; held = this.#line[0]) {
      try {
        if (this.options.isGivenUp(held.message)) {
          this.#line.shift()
          this.#giveBack(held)
          continue
        }
        const written = this.#write(held)
        const all = written instanceof Promise ? await written : written
        if (!this.room.fits(all.bytes, isFirst(all)) && !(await this.#roomFor(held, all))) continue
        if (this.#line[0] !== held) continue
        this.#line.shift()
        this.#take(held, all)
      } catch (error) {
        if (this.#line[0] === held) this.#line.shift()
        this.#records -= held.records.length
        held.done(error as Error)
      }
    }
    // In the turn in which the line was seen empty.
    this.#isBusy = false
  }

  /** What goes first need not wait behind what there is no room for. */
  #goesFirst(held: Held): boolean {
    if (!this.#isOpen || this.#isClosed || held.records.length > FEW) return false
    const written = this.#write(held)
    if (written instanceof Promise || !isFirst(written)) return false
    if (!this.room.fits(written.bytes, true)) return false
    this.#take(held, written)
    return true
  }

  /** False where it is not to be taken any more. */
  async #roomFor(held: Held, written: Written): Promise<boolean> {
    for (;;) {
      if (this.#isClosed || this.#line[0] !== held) return false
      if (this.options.isGivenUp(held.message)) {
        this.#line.shift()
        this.#giveBack(held)
        return false
      }
      if (this.room.fits(written.bytes, isFirst(written))) return true
      if (await this.room.make(written.bytes)) continue
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  /** Takes time for many records, in which others have their turn. */
  #write({ message, records }: Held): Written | Promise<Written> {
    const properties = propertiesText(message)
    const written: Written = { kept: [], rejected: [], properties: properties ?? '', bytes: 0 }
    const writer = new RecordWriter()
    const { priorityOf, stage } = this.options
    let last = ''
    const rest = inSlices(records, record => {
      const kept = properties === undefined ? TOO_MUCH : writer.write(record)
      if ('code' in kept) {
        written.rejected.push(reject(record, stage, kept))
        return
      }
      written.kept.push([priorityOf(record, message), kept])
      written.bytes += kept.text.length + (kept.taken === last ? 0 : kept.taken.length)
      last = kept.taken
    })
    return rest === undefined ? written : rest.then(() => written)
  }

  #take(held: Held, { kept, rejected, properties }: Written): void {
    const { message, done, records } = held
    if (rejected.length > 0) this.options.onRejected(message, rejected)
    if (kept.length === 0) {
      this.#records -= records.length
      if (records.length === 0) this.options.onStored(message, 0)
      done()
      return
    }
    const isList = Array.isArray(message.payload)
    for (const [priority, record] of kept) this.queue.add(priority, record, properties, isList)
    this.#unsure.add(held)
    this.queue.written(() => {
      this.#unsure.delete(held)
      this.#records -= records.length
      this.options.onStored(message, kept.length)
      done()
    })
  }

  #giveBack({ records, done }: Held): void {
    this.#records -= records.length
    this.options.onReturned(records.length)
    done(this.#isClosed ? closed() : undefined)
  }
}

const isFirst = ({ kept }: Pick<Written, 'kept'>) => kept.every(([priority]) => priority === 0)

const closed = () =>
  new MillraceError('CLOSED', 'The node was stopped before the message was on the disk.')
