import { backoffMs } from '../backoff.ts'
import type { Tracker } from '../delivery/types.ts'
import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'
import { countOf } from '../record/message.ts'
import type { WaysTaken } from '../record/ways.ts'
import { recordOf, textOf } from './answer.ts'

/** As long as the sources of the palette wait for a flow. */
const TIMEOUT_MS = 30_000
const NAME = 'o:'

/** A record that left because time passed, as a store keeps it. */
interface Outgoing {
  readonly output: number
  /** A list of records, or the only one of its message. */
  readonly text: string
}

export interface SilenceOptions {
  readonly nodeId: string
  readonly tracker: Pick<Tracker, 'open' | 'deploying' | 'afterDeployment'>
  isWired(output: number): boolean
  send(message: { payload: unknown }, output: number): void
}

/** What leaves so leaves the node by one of its outputs. */
export function silenceOf<S extends NodeSpec>(
  context: Context<S>,
  outputs: number,
  ways: WaysTaken
): SilenceOptions {
  const { node, tracker, isWired } = context
  return {
    nodeId: node.id,
    tracker,
    isWired,
    send(message, output) {
      const leaving = ways.on(message)
      context.send(Array.from({ length: outputs }, (_, at) => (at === output ? leaving : null)))
    }
  }
}

/**
 * What leaves because time goes on by itself belongs to no message of a source: it is a message of
 * its own, kept with the checkpoints and sent again until the flow has dealt with it.
 */
export class SilenceMessages {
  readonly #open = new Map<number, Outgoing>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #number = 0
  #changed = new Map<string, string | undefined>()
  #closed = false

  constructor(private readonly options: SilenceOptions) {}

  /** Messages that the flow has not dealt with. */
  get size(): number {
    return this.#open.size
  }

  /** A record or a list of them leaves by one output, kept from now on. Gives what sends it. */
  prepare(output: number, payload: object): () => void {
    if (!this.options.isWired(output)) return () => {}
    const number = ++this.#number
    const outgoing = { output, text: textOf(payload) }
    this.#open.set(number, outgoing)
    this.#changed.set(`${NAME}${number}`, JSON.stringify(outgoing))
    return () => this.#send(number, output, payload, 0)
  }

  changes(changes: Map<string, string | undefined>): void {
    for (const [key, value] of this.#changed) changes.set(key, value)
    this.#changed.clear()
  }

  /** Takes up what was kept; `begin` sends it. */
  load(name: string, value: string): void {
    if (!name.startsWith(NAME)) return
    const number = Number(name.slice(NAME.length))
    this.#number = Math.max(this.#number, number)
    this.#open.set(number, JSON.parse(value) as Outgoing)
  }

  begin(): void {
    for (const number of this.#open.keys()) this.#again(number, 0)
  }

  clear(): void {
    for (const number of this.#open.keys()) this.#changed.set(`${NAME}${number}`, undefined)
    this.#open.clear()
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #again(number: number, attempt: number): void {
    const outgoing = this.#open.get(number)
    if (outgoing === undefined || this.#closed) return
    this.#send(number, outgoing.output, recordOf(outgoing.text), attempt)
  }

  #send(number: number, output: number, payload: object, attempt: number): void {
    if (this.#closed) return
    const { tracker, nodeId, send } = this.options
    if (tracker.deploying) {
      tracker.afterDeployment(() => this.#again(number, attempt))
      return
    }
    const message = { payload }
    const delivery = tracker.open(message, nodeId, {
      mode: 'finished',
      records: countOf(payload),
      timeoutMs: TIMEOUT_MS,
      onSettled: ({ kind }) => this.#settled(number, kind === 'acknowledge', attempt)
    })
    try {
      send(message, output)
    } finally {
      delivery.sent()
    }
  }

  #settled(number: number, isDone: boolean, attempt: number): void {
    if (isDone) {
      this.#open.delete(number)
      this.#changed.set(`${NAME}${number}`, undefined)
      return
    }
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#again(number, attempt + 1)
    }, backoffMs(attempt)).unref()
    this.#timers.add(timer)
  }
}
