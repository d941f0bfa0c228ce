/** A part of a lane of which the flow has dealt with every message, and with all before it. */
export interface PassedPart {
  /** The id of the source node. */
  readonly source: string
  /** For Kafka `topic/partition`. */
  readonly lane: string
  /** Its first place, and the one behind its last. For Kafka offsets. */
  readonly from: string
  readonly next: string
}

/** The acknowledgement of a part that a sink holds back. Each of both is called once at most. */
export interface HeldPart {
  /** What the sink has of it is durable: the source may acknowledge it. */
  letGo(): void
  /** What the sink had of it is lost: the source reads again from what it has acknowledged. */
  readAgain(): void
}

/**
 * A sink that gathers for long, such as one that writes a file an hour. The flow has dealt with
 * what it has taken, so nothing of it is in flight any more; only the acknowledgement waits.
 */
export interface LaneHolder {
  /** True where it takes the part over: it has something of it, or of the lane before it. */
  passed(part: PassedPart, held: HeldPart): boolean
}

/** The sinks that hold back what sources acknowledge. */
export class HeldLanes {
  readonly #holders = new Set<LaneHolder>()

  hold(holder: LaneHolder): () => void {
    this.#holders.add(holder)
    return () => this.#holders.delete(holder)
  }

  /** Lets the part go once every sink has that holds it; at once where none does. */
  passed(part: PassedPart, { letGo, readAgain }: HeldPart): void {
    let open = 1
    const less = () => {
      if (--open === 0) letGo()
    }
    for (const holder of this.#holders) {
      open++
      if (!holder.passed(part, { letGo: once(less), readAgain })) open--
    }
    less()
  }
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
