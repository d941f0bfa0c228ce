import { PROVENANCE, Provenance, type TelemetryRecord } from '../../../core/record/record.ts'
import { CountedEngine, type Remembering } from '../../../core/state/counted-engine.ts'
import { type Attempt, attemptOf } from '../../../core/state/counted-records.ts'

/** A message of the log: one or several records at one offset. */
export type LogEntry = readonly TelemetryRecord[]

/** What happens next, drawn at random. */
export type Happening =
  | { readonly kind: 'send'; readonly partition: number; readonly messages: number }
  /** A message under way reaches the node, or a node before it fails. */
  | { readonly kind: 'arrive'; readonly which: number; readonly fails: boolean }
  /** The checkpoint is on disk. */
  | { readonly kind: 'checkpoint' }
  /** What a message made is stored, or could not be. */
  | { readonly kind: 'end'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'crash' }

interface UnderWay {
  readonly partition: number
  readonly from: number
  readonly to: number
  /** What the source took; the same at each attempt. */
  readonly taken: object
  attempt: Attempt | undefined
  /** What left for it in this attempt. */
  left: readonly (readonly object[])[] | undefined
  isKept: boolean
}

const isOnItsWay = ({ left }: UnderWay) => left === undefined

/**
 * A source, a node that remembers and a table behind it, with everything that can go wrong: sent
 * again in any order, failures before and behind the node, the end of the process at any time.
 */
export class FlakyWorld<State> {
  /** The table: each row once, by its text. */
  readonly rows = new Set<string>()
  readonly #log: (readonly LogEntry[])[]
  #engine: CountedEngine<State>
  readonly #disk = new Map<string, string>()
  #unkept = false
  readonly #next: number[]
  readonly #settled: Set<number>[]
  readonly #committed: number[]
  #underWay: UnderWay[] = []

  constructor(
    private readonly remembering: Remembering<State>,
    log: readonly (readonly LogEntry[])[]
  ) {
    this.#log = [...log]
    this.#engine = this.#start()
    this.#next = log.map(() => 0)
    this.#committed = log.map(() => 0)
    this.#settled = log.map(() => new Set<number>())
  }

  happen(happening: Happening): void {
    if (happening.kind === 'send')
      this.#send(happening.partition % this.#log.length, happening.messages)
    else if (happening.kind === 'arrive')
      this.#arrive(this.#pick(happening.which, isOnItsWay), happening.fails)
    else if (happening.kind === 'checkpoint') this.#checkpoint()
    else if (happening.kind === 'end')
      this.#end(
        this.#pick(happening.which, ({ isKept }) => isKept),
        happening.fails
      )
    else if (happening.kind === 'commit') this.#commit()
    else this.#crash()
  }

  /** Everything comes to its end without further trouble. */
  settle(): void {
    for (let partition = 0; partition < this.#log.length; partition++)
      while (this.#next[partition]! < this.#log[partition]!.length) this.#send(partition, 3)
    for (const each of [...this.#underWay])
      this.#arrive(each.left === undefined ? each : undefined, false)
    this.#checkpoint()
    for (const each of [...this.#underWay]) this.#end(each, false)
  }

  /** Further messages in each partition, and then everything comes to its end. */
  finish(entries: readonly LogEntry[]): void {
    for (const [partition, before] of this.#log.entries())
      this.#log[partition] = [...before, ...entries]
    this.settle()
  }

  #pick(which: number, fits: (message: UnderWay) => boolean): UnderWay | undefined {
    const fitting = this.#underWay.filter(fits)
    return fitting[which % Math.max(1, fitting.length)]
  }

  #start(): CountedEngine<State> {
    return new CountedEngine(this.remembering, { outputs: 3, rejectedOutput: 2, stage: 'test' })
  }

  #send(partition: number, messages: number): void {
    const from = this.#next[partition]!
    const to = Math.min(from + messages, this.#log[partition]!.length)
    if (from === to) return
    this.#next[partition] = to
    const taken = { partition, from }
    this.#underWay.push({
      partition,
      from,
      to,
      taken,
      attempt: undefined,
      left: undefined,
      isKept: false
    })
  }

  #arrive(message: UnderWay | undefined, fails: boolean): void {
    if (message === undefined || fails) return
    const { partition, from, to, taken } = message
    const oldest = Math.min(
      ...this.#underWay.filter(each => each.partition === partition).map(each => each.from)
    )
    this.#engine.counted.settledBefore('', `log/${partition}`, String(oldest))
    message.attempt = attemptOf({}, taken)
    this.#engine.taking.begin()
    const records = this.#recordsOf(partition, from, to)
    for (const [index, record] of records.entries())
      this.#engine.take(record, index, message.attempt, 0)
    message.left = this.#engine.taking.outputs
    this.#unkept = true
  }

  #recordsOf(partition: number, from: number, to: number): TelemetryRecord[] {
    return this.#log[partition]!.slice(from, to).flatMap((entry, index) =>
      entry.map((record, part) => {
        const offset = String(from + index)
        const origin = {
          kind: 'kafka',
          topic: 'log',
          partition,
          offset,
          timestamp: offset
        } as const
        const at = () => ({ origin, key: null, headers: {}, raw: null })
        const place = entry.length > 1 ? String(part) : undefined
        return { ...record, [PROVENANCE]: new Provenance({ at }, 0, place) }
      })
    )
  }

  #checkpoint(): void {
    if (!this.#unkept) return
    for (const [key, value] of this.#engine.changes()) {
      if (value === undefined) this.#disk.delete(key)
      else this.#disk.set(key, value)
    }
    this.#unkept = false
    for (const message of this.#underWay) if (message.left !== undefined) message.isKept = true
  }

  #end(message: UnderWay | undefined, fails: boolean): void {
    if (message?.left === undefined || message.attempt === undefined) return
    if (fails) {
      message.left = undefined
      message.isKept = false
      return
    }
    for (const record of message.left.flat()) this.rows.add(JSON.stringify(record))
    this.#engine.counted.settled(message.attempt)
    this.#underWay = this.#underWay.filter(each => each !== message)
    for (let offset = message.from; offset < message.to; offset++)
      this.#settled[message.partition]!.add(offset)
  }

  /** A source commits only what is settled with everything before it. */
  #commit(): void {
    for (const [partition, settled] of this.#settled.entries())
      while (settled.has(this.#committed[partition]!)) this.#committed[partition]!++
  }

  #crash(): void {
    this.#engine = this.#start()
    this.#engine.load([...this.#disk], 0)
    this.#unkept = false
    this.#underWay = []
    for (const [partition, committed] of this.#committed.entries()) {
      this.#next[partition] = committed
      this.#settled[partition] = new Set()
    }
  }
}
