import type { NodeMessage } from 'node-red'
import { backoffMs } from '../backoff.ts'
import { exhaustedLetter } from '../dead-letter/exhausted.ts'
import type { FlowError } from '../delivery/token.ts'
import type { Settlement, Tracker } from '../delivery/types.ts'
import { reasonOf } from '../errors.ts'
import type { InFlightMessage } from './in-flight.ts'
import type { SourceOptions, SourceTransaction } from './types.ts'
import type { UnwiredOutput } from './unwired.ts'

type Sendable = NodeMessage | readonly (NodeMessage | null)[]

const isByOutput = (message: Sendable): message is readonly (NodeMessage | null)[] =>
  Array.isArray(message)

/** Of the same delivery: with the token and the id of the first. */
const alike = (first: NodeMessage, message: NodeMessage | null) =>
  message === null || message === first ? message : { ...first, ...message }

/** What leaves by several outputs as one message. */
function asOne(message: Sendable): NodeMessage {
  if (!isByOutput(message)) return message
  const parts = message.filter(each => each !== null)
  return { ...parts[0], payload: parts.flatMap(({ payload }) => payload) } as NodeMessage
}

export type Acknowledged = Settlement & { kind: 'acknowledge' }
const NOTHING_DONE: Acknowledged = {
  kind: 'acknowledge',
  stored: 0,
  rejected: 0,
  duplicates: 0,
  filtered: 0
}

/**
 * Brings messages through the flow: sends each, follows it, sends it again where the flow failed,
 * and in the end as a dead letter. Tells `finished` what became of it.
 */
export class Attempts {
  readonly #stage: string
  #retrying = 0
  #interrupted: InFlightMessage[] = []
  #reason: string | undefined

  constructor(
    private readonly options: SourceOptions,
    private readonly tracker: Tracker,
    private readonly unwired: UnwiredOutput,
    private readonly finished: (message: InFlightMessage, counted: Acknowledged) => void,
    /** Where the first message of the lane begins that is not settled. */
    private readonly firstOf: (lane: string) => string | undefined
  ) {
    this.#stage = options.node.type.replace(/^millrace-/, '')
  }

  /** Messages that wait to be sent again. */
  get retrying(): number {
    return this.#retrying
  }
  /** Why the last of these failed. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** The next attempt, now. `message` is the first, where it is at hand. */
  begin(held: InFlightMessage, message?: NodeMessage): void {
    if (this.tracker.deploying) {
      this.#afterDeployment(held)
      return
    }
    const { transaction } = held.taken
    if (transaction !== undefined) {
      void this.#attemptIn(transaction, held, message)
      return
    }
    try {
      this.#attempt(held, message)
    } catch (error) {
      this.#reason = reasonOf(error)
      this.#again(held, backoffMs(held.failures++, this.options.backoff))
    }
  }

  /** Ends what is under way: the protocol delivers the message again. */
  end(held: InFlightMessage): void {
    held.gone = true
    if (held.timer !== undefined) this.#retrying--
    clearTimeout(held.timer)
    held.delivery?.abandon()
    held.delivery = null
  }

  send(message: Sendable, output: number): void {
    const { node, outputs } = this.options
    if (isByOutput(message)) node.send([...message])
    else if (output === 0) node.send(message)
    else
      node.send(Array.from({ length: outputs }, (_, index) => (index === output ? message : null)))
  }

  #attempt(held: InFlightMessage, given?: NodeMessage, transaction?: object): void {
    const { deadLetterOutput } = this.options
    const { output = 0 } = held.taken
    const message = given ?? held.taken.rebuild()
    const { writtenOff } = held
    if (writtenOff) {
      const { error, attempts } = writtenOff
      const letter = exhaustedLetter(asOne(message), this.#stage, error, attempts)
      this.#deliver(held, letter, deadLetterOutput, transaction)
    } else if (!isByOutput(message)) this.#deliver(held, message, output, transaction)
    else if (message.some(Boolean)) this.#deliver(held, message, output, transaction)
    else this.#dealtWith(held, NOTHING_DONE)
  }

  /** What leaves by several outputs is one delivery: all of it is dealt with, or none. */
  #deliver(held: InFlightMessage, message: Sendable, output: number, transaction?: object): void {
    const { node, mode, timeoutMs } = this.options
    const { records, survived, lane } = held.taken
    const at = this.firstOf(lane)
    const first = isByOutput(message) ? message.find(Boolean)! : message
    const delivery = this.tracker.open(first, node.id, {
      mode: mode === 'stored' ? 'stored' : 'finished',
      records,
      timeoutMs,
      transaction,
      taken: held.taken,
      settledBefore: at === undefined ? undefined : { lane, at },
      onSettled: settlement => this.#settled(held, settlement),
      onTouched: survived
    })
    held.delivery = delivery
    try {
      this.send(isByOutput(message) ? message.map(each => alike(first, each)) : message, output)
    } finally {
      delivery.sent()
    }
  }

  #settled(held: InFlightMessage, settlement: Settlement): void {
    held.delivery = null
    if (held.gone) return
    if (settlement.kind === 'acknowledge') this.#dealtWith(held, settlement)
    else if (settlement.kind === 'retry') this.#retry(held, settlement.error)
    else if (this.tracker.deploying) this.#afterDeployment(held)
    else this.#again(held, backoffMs(held.interruptions++, this.options.backoff))
  }

  #retry(held: InFlightMessage, error: FlowError): void {
    const { node, metrics, retries, deadLetterOutput } = this.options
    const isDeadLetter = held.writtenOff !== null || held.taken.output === deadLetterOutput
    this.#reason = error.message
    held.taken.survived?.()
    if (held.taken.transaction?.broken) {
      this.#laterAgain(held)
      return
    }
    if (held.failures >= retries && !isDeadLetter && held.taken.handBack?.(error.message)) return
    if (held.failures < retries || isDeadLetter || this.#mustKeep(held, error)) {
      metrics.retried += held.taken.records
      this.#again(held, backoffMs(held.failures++, this.options.backoff))
      return
    }
    const attempts = held.failures + 1
    held.writtenOff = { error, attempts }
    held.failures = 0
    node.error(
      `The flow failed to deal with a message, ${attempts} times; it leaves as a dead letter. The last time: ${error.message}`
    )
    this.begin(held)
  }

  /**
   * Once acknowledged, a dead letter that no wire takes would be gone: its message is kept instead,
   * as when a sink is away.
   */
  #mustKeep(held: InFlightMessage, error: FlowError): boolean {
    if (this.options.isWired(this.options.deadLetterOutput)) return false
    if (!held.isKept) this.unwired.kept(held.taken.records, error.message)
    held.isKept = true
    return true
  }

  #again(held: InFlightMessage, waitMs: number): void {
    this.#retrying++
    held.timer = setTimeout(() => {
      held.timer = undefined
      this.#retrying--
      this.begin(held)
    }, waitMs).unref()
  }

  /** Another attempt for a reason that does not lie in the flow, however many there were. */
  #laterAgain(held: InFlightMessage): void {
    this.options.metrics.retried += held.taken.records
    this.#again(held, backoffMs(held.interruptions++, this.options.backoff))
  }

  /**
   * What is sent while flows are deployed may find nobody: it waits, and then leaves in the order
   * it was taken.
   */
  #afterDeployment(held: InFlightMessage): void {
    if (this.#interrupted.push(held) > 1) return
    this.tracker.afterDeployment(() => {
      const waiting = this.#interrupted.sort((a, b) => a.number - b.number)
      this.#interrupted = []
      for (const next of waiting) if (!next.gone) this.begin(next)
    })
  }

  async #attemptIn(
    transaction: SourceTransaction,
    held: InFlightMessage,
    message?: NodeMessage
  ): Promise<void> {
    try {
      const scope = await transaction.begin()
      if (held.gone) return
      if (scope === undefined)
        this.finished(held, { ...NOTHING_DONE, duplicates: held.taken.records })
      else if (this.tracker.deploying) this.#afterDeployment(held)
      else this.#attempt(held, message, scope)
    } catch (error) {
      this.#reason = reasonOf(error)
      if (!held.gone) this.#laterAgain(held)
    }
  }

  #dealtWith(held: InFlightMessage, counted: Acknowledged): void {
    const { transaction } = held.taken
    if (transaction === undefined) {
      this.finished(held, counted)
      return
    }
    transaction.commit().then(
      () => {
        if (!held.gone) this.finished(held, counted)
      },
      error => {
        this.#reason = reasonOf(error)
        if (!held.gone) this.#laterAgain(held)
      }
    )
  }
}
