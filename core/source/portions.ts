import { type Portion, PortionCutter } from './portion-cutter.ts'
import type { TakenMany } from './types.ts'

/**
 * Half of what a transform takes for the records of a batch (core/record/in-slices.ts), since those
 * go on with what leaves here before timers have their turn.
 */
const SLICE_MS = 10

export interface PortionsOptions {
  /** Whether the flow has room for so much. */
  hasRoomFor(records: number): boolean
  /** Messages of the lane that are in the flow. */
  sentOf(lane: string): number
  send(many: TakenMany, portion: Portion, isLast: boolean): void
  /** Nothing of it is left, and nothing was sent with its acknowledgement. */
  end(many: TakenMany): void
  /** Others have had their turn: call `advance`. */
  onTurn(): void
}

/**
 * What was taken and has not left yet, since it holds more records than there is room for, or than
 * one turn of the event loop can send. Lanes have their turn one after the other.
 */
export class Portions {
  readonly #lines = new Map<string, PortionCutter[]>()
  #turn: NodeJS.Immediate | undefined
  #isAtIt = false
  #bytes = 0
  #endMs: number | undefined
  /** Waits for room, or for another turn. */
  #isHeld = false

  constructor(private readonly options: PortionsOptions) {}

  /** Of what waits: it is kept until the last of it has left, and on from there in the flow. */
  get bytes(): number {
    return this.#bytes
  }
  /** Something waits to leave. */
  get exist(): boolean {
    return this.#lines.size > 0
  }
  /** Something waits for room or for its turn: nothing may go before it. */
  get isHeld(): boolean {
    return this.#isHeld && this.exist
  }
  waitingOf(lane: string): number {
    return this.#lines.get(lane)?.length ?? 0
  }

  add(many: TakenMany): void {
    this.#bytes += many.bytes
    const line = this.#lines.get(many.lane)
    if (line !== undefined) line.push(new PortionCutter(many))
    else this.#lines.set(many.lane, [new PortionCutter(many)])
    this.advance()
  }

  drop(lane: string): void {
    for (const { many } of this.#lines.get(lane) ?? []) this.#bytes -= many.bytes
    this.#lines.delete(lane)
  }

  end(): void {
    for (const lane of [...this.#lines.keys()]) this.drop(lane)
    clearImmediate(this.#turn)
  }

  /** Lets out what there is room for; call when there may be more. */
  advance(): void {
    if (this.#isAtIt || !this.exist) return
    this.#isAtIt = true
    this.#isHeld = false
    try {
      this.#letOut(this.#endOfTurn())
    } finally {
      this.#isAtIt = false
    }
  }

  #letOut(endMs: number): void {
    let moved = true
    while (moved && !this.#isHeld) {
      moved = false
      for (const lane of [...this.#lines.keys()]) {
        if (performance.now() > endMs) this.#later()
        if (this.#isHeld) break
        moved = this.#step(lane, endMs) || moved
      }
    }
  }

  /** Several messages may be done with in one turn, and each makes room: all have one slice. */
  #endOfTurn(): number {
    if (this.#endMs === undefined) {
      this.#endMs = performance.now() + SLICE_MS
      setImmediate(() => {
        this.#endMs = undefined
      })
    }
    return this.#endMs
  }

  /** Sends the next portion of a lane; false if it has to wait. */
  #step(lane: string, endMs: number): boolean {
    const cutter = this.#lines.get(lane)?.[0]
    if (cutter === undefined) return false
    const { many } = cutter
    if (many.inTurn && this.options.sentOf(lane) > 0) return false
    if (!cutter.read(endMs)) {
      this.#later()
      return false
    }
    const next = cutter.peek()
    if (next === undefined) {
      this.#leave(lane)
      this.options.end(many)
      return true
    }
    if (!this.options.hasRoomFor(next.records)) {
      this.#isHeld = true
      return false
    }
    const portion = cutter.take()
    const isLast = cutter.isEmpty(endMs)
    if (isLast) this.#leave(lane)
    this.options.send(many, portion, isLast)
    return true
  }

  #leave(lane: string): void {
    const line = this.#lines.get(lane)!
    this.#bytes -= line.shift()!.many.bytes
    if (line.length === 0) this.#lines.delete(lane)
  }

  #later(): void {
    this.#isHeld = true
    clearImmediate(this.#turn)
    this.#turn = setImmediate(() => this.options.onTurn())
  }
}
