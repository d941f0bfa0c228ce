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
  /** A partition goes to another member of the group, where each has a memory of its own. */
  | { readonly kind: 'move'; readonly partition: number }

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
  /** One for all partitions, or one for each. */
  readonly #engines: CountedEngine<State>[]
  readonly #disks: Map<string, string>[]
  readonly #next: number[]
  readonly #settled: Set<number>[]
  readonly #committed: number[]
  #underWay: UnderWay[] = []

  constructor(
    private readonly remembering: Remembering<State>,
    log: readonly (readonly LogEntry[])[],
    private readonly isShared = false,
    /** The last of them is for what is rejected. */
    private readonly outputs = 3
  ) {
    this.#log = [...log]
    this.#engines = (isShared ? log : [log]).map(() => this.#start())
    this.#disks = this.#engines.map(() => new Map<string, string>())
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
    else if (happening.kind === 'move') this.#move(happening.partition % this.#log.length)
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
    const { outputs } = this
    const rejectedOutput = outputs - 1
    return new CountedEngine(this.remembering, { outputs, rejectedOutput, stage: 'test' })
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
    const engine = this.#engineOf(partition)
    engine.counted.settledBefore('', `log/${partition}`, String(oldest))
    message.attempt = attemptOf({}, taken)
    engine.taking.begin()
    const records = this.#recordsOf(partition, from, to)
    for (const [index, record] of records.entries()) engine.take(record, index, message.attempt, 0)
    message.left = engine.taking.outputs
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
    for (const [share, engine] of this.#engines.entries())
      for (const [key, value] of engine.changes()) {
        if (value === undefined) this.#disks[share]!.delete(key)
        else this.#disks[share]!.set(key, value)
      }
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
    this.#engineOf(message.partition).counted.settled(message.attempt)
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
    for (const share of this.#engines.keys()) this.#restart(share)
    this.#underWay = []
    for (const partition of this.#committed.keys()) this.#fromCommitted(partition)
  }

  /** What the one before had not kept is not kept, and what it made of that has not left. */
  #move(partition: number): void {
    if (!this.isShared) return
    this.#restart(partition)
    this.#underWay = this.#underWay.filter(each => each.partition !== partition)
    this.#fromCommitted(partition)
  }

  #restart(share: number): void {
    this.#engines[share] = this.#start()
    this.#engines[share].load([...this.#disks[share]!], 0)
  }

  #fromCommitted(partition: number): void {
    this.#next[partition] = this.#committed[partition]!
    this.#settled[partition] = new Set()
  }

  #engineOf(partition: number): CountedEngine<State> {
    return this.#engines[this.isShared ? partition : 0]!
  }
}
