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
  /** So many records are on the disk. */
  onStored(records: number): void
  /** All of its records are, so many. */
  onConfirmed(message: Message, records: number): void
  /** No room can be made; undefined: it can. */
  onTrouble(error: unknown): void
  /** It is not taken: its source sends it again. */
  onReturned(records: number): void
}

/** A message on its way to the disk. */
interface Held {
  readonly message: Message
  readonly done: Done
  readonly records: readonly unknown[]
  /** It is in the line no more. */
  isGone: boolean
  /** Places of those of its records that went to the disk before the others. */
  early: ReadonlySet<number>
}

const NONE: ReadonlySet<number> = new Set()

/** Records of a message that go first, while there is no room for the others. */
interface Urgent {
  readonly held: Held
  readonly kept: ReadonlyMap<number, KeptRecord>
  readonly properties: string
  readonly bytes: number
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

/** So many are looked at in one turn. */
const FEW = 1_000

/** Brings messages to the disk in the order they came, as far as there is room. */
export class DiskIntake {
  readonly #line: Held[] = []
  /** Written, and not known to be on the disk. */
  readonly #unsure = new Set<Held>()
  /** Of the line: nobody has looked for what goes first in them, and what was found. */
  readonly #unlooked: Held[] = []
  readonly #urgent: Urgent[] = []
  #isPassing = false
  #records = 0
  #isBusy = false
  #isOpen = false
  #isClosed = false
  #wake: (() => void) | undefined
  /** How often there may have been room again. */
  #freed = 0

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
    this.#freed++
    this.#wake?.()
  }

  accept(message: Message, done: Done): void {
    const records = recordsOf(message.payload)
    const held: Held = { message, done, records, isGone: false, early: NONE }
    this.#records += records.length
    this.#line.push(held)
    this.#unlooked.push(held)
    if (this.isBlocked) void this.#letFirstPass()
    this.#begin()
  }

  /** It goes first and there is room for it, however much waits. */
  isUrgent(message: Message): boolean {
    const records = recordsOf(message.payload)
    return (
      records.length <= FEW &&
      records.every(record => this.options.priorityOf(record, message) === 0) &&
      this.room.fits(0, true)
    )
  }

  /** Nothing more is taken; what waits is given back. */
  end(): void {
    this.#isClosed = true
    this.#wake?.()
    for (const held of this.#line.splice(0)) this.#giveBack(held)
    this.#unlooked.length = this.#urgent.length = 0
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
          this.#leave(held)
          this.#giveBack(held)
          continue
        }
        const { early } = held
        const written = this.#write(held)
        const all = written instanceof Promise ? await written : written
        if (!this.room.fits(all.bytes, isFirst(all)) && !(await this.#roomFor(held, all))) continue
        // Some of it may have passed meanwhile.
        if (this.#line[0] !== held || held.early !== early) continue
        this.#leave(held)
        this.#take(held, all)
      } catch (error) {
        this.#leave(held)
        this.#records -= held.records.length - held.early.size
        held.done(error as Error)
      }
    }
    this.#urgent.length = 0
    // In the turn in which the line was seen empty.
    this.#isBusy = false
  }

  /** It is in the line no more; most often it was the first. */
  #leave(held: Held): void {
    held.isGone = true
    if (this.#line[0] === held) this.#line.shift()
    else if (this.#line.includes(held)) this.#line.splice(this.#line.indexOf(held), 1)
    if (this.#unlooked[0] === held) this.#unlooked.shift()
  }

  /** What goes first need not wait behind what there is no room for, not even in one message. */
  async #letFirstPass(): Promise<void> {
    if (this.#isPassing || !this.#isOpen || this.#isClosed) return
    this.#isPassing = true
    for (let held = this.#unlooked.shift(); held !== undefined; held = this.#unlooked.shift()) {
      try {
        const found = this.#urgentOf(held)
        const urgent = found instanceof Promise ? await found : found
        if (urgent !== undefined) this.#urgent.push(urgent)
      } catch {
        // It is said of it in its turn.
      }
    }
    this.#isPassing = false
    if (this.#isClosed) return
    for (let first = this.#urgent[0]; first !== undefined; first = this.#urgent[0]) {
      if (!first.held.isGone && !this.room.fits(first.bytes, true)) return
      this.#urgent.shift()
      if (!first.held.isGone) this.#pass(first)
    }
  }

  #urgentOf(held: Held): Urgent | undefined | Promise<Urgent | undefined> {
    const { message, records } = held
    const kept = new Map<number, KeptRecord>()
    const writer = new RecordWriter()
    let bytes = 0
    let index = -1
    const rest = inSlices(records, record => {
      index++
      if (held.isGone || this.options.priorityOf(record, message) > 0) return
      const written = writer.write(record)
      // What is no record waits for its turn to be rejected.
      if ('code' in written) return
      kept.set(index, written)
      bytes += written.text.length + written.taken.length
    })
    const found = () => {
      const properties = kept.size === 0 ? undefined : propertiesText(message)
      return properties === undefined ? undefined : { held, kept, properties, bytes }
    }
    return rest === undefined ? found() : rest.then(found)
  }

  #pass({ held, kept, properties }: Urgent): void {
    const { message, records } = held
    held.early = new Set(kept.keys())
    const isWhole = kept.size === records.length
    if (isWhole) {
      this.#leave(held)
      this.#unsure.add(held)
    }
    const isList = Array.isArray(message.payload)
    for (const record of kept.values()) this.queue.add(0, record, properties, isList)
    this.queue.written(
      () => {
        this.#records -= kept.size
        this.options.onStored(kept.size)
        if (isWhole) this.#confirm(held, kept.size)
      },
      () => {
        if (isWhole) this.#giveBack({ ...held, early: NONE })
      }
    )
    // The first of the line has less to find room for, or has left it.
    this.#wake?.()
  }

  /** False where it is not to be taken any more, or not as it was written. */
  async #roomFor(held: Held, written: Written): Promise<boolean> {
    const { early } = held
    for (;;) {
      if (this.#isClosed || this.#line[0] !== held || held.early !== early) return false
      if (this.options.isGivenUp(held.message)) {
        this.#leave(held)
        this.#giveBack(held)
        return false
      }
      if (this.room.fits(written.bytes, isFirst(written))) return true
      const freed = this.#freed
      if ((await this.#made(written.bytes)) || freed !== this.#freed) continue
      await new Promise<void>(resolve => {
        this.#wake = resolve
        void this.#letFirstPass()
      })
      this.#wake = undefined
    }
  }

  async #made(bytes: number): Promise<boolean> {
    try {
      const isMade = await this.room.make(bytes)
      this.options.onTrouble(undefined)
      return isMade
    } catch (error) {
      if (!this.#isClosed) this.options.onTrouble(error)
      return false
    }
  }

  /** Takes time for many records, in which others have their turn. */
  #write({ message, records, early }: Held): Written | Promise<Written> {
    const properties = propertiesText(message)
    const written: Written = { kept: [], rejected: [], properties: properties ?? '', bytes: 0 }
    const writer = new RecordWriter()
    const { priorityOf, stage } = this.options
    let last = ''
    let index = -1
    const rest = inSlices(records, record => {
      index++
      if (early.size > 0 && early.has(index)) return
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
    const { message, records, early } = held
    if (rejected.length > 0) this.options.onRejected(message, rejected)
    // Nothing of it is to be waited for, not even what went before.
    if (kept.length === 0 && early.size === 0) {
      this.#records -= records.length
      if (records.length === 0) this.options.onConfirmed(message, 0)
      held.done()
      return
    }
    const isList = Array.isArray(message.payload)
    for (const [priority, record] of kept) this.queue.add(priority, record, properties, isList)
    this.#unsure.add(held)
    this.queue.written(
      () => {
        this.#records -= records.length - early.size
        this.options.onStored(kept.length)
        this.#confirm(held, kept.length + early.size)
      },
      () => this.#giveBack(held)
    )
  }

  #confirm(held: Held, records: number): void {
    this.#unsure.delete(held)
    this.options.onConfirmed(held.message, records)
    held.done()
  }

  #giveBack({ records, early, done }: Held): void {
    const count = records.length - early.size
    this.#records -= count
    this.options.onReturned(count)
    done(this.#isClosed ? closed() : undefined)
  }
}

const isFirst = ({ kept }: Pick<Written, 'kept'>) => kept.every(([priority]) => priority === 0)

const closed = () =>
  new MillraceError('CLOSED', 'The node was stopped before the message was on the disk.')
