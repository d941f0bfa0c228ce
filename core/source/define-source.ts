import type { NodeAPI } from 'node-red'
import type { AcknowledgeMode } from '../delivery/types.ts'
import type { Closing } from '../deployments.ts'
import { everySecond } from '../every-second.ts'
import type { OperatorAnswer } from '../node/answer.ts'
import { type Behaviour, type Context, defineNode } from '../node/define-node.ts'
import type { Migrations } from '../node/migrate.ts'
import type { PreviewKind } from '../node/preview/kinds.ts'
import { type Make, previewRoute } from '../node/preview.ts'
import type { Probes } from '../node/probe.ts'
import { Rate } from '../node/rate.ts'
import { sourceText } from '../node/show-rate.ts'
import type { ChoiceField, NodeSpec, NumberField, Options } from '../node/spec.ts'
import { STALLED_MS, stalledText } from '../node/status.ts'
import { DeliverySource } from './source.ts'
import { Trials, userDirOf } from './trials.ts'

/**
 * What is in flight when the node is closed may still be stored for so long; the rest comes again.
 */
const DRAIN_MS = 2_000
/** A rate that holds for so many seconds is told to the checks at deploy. */
const RATE_S = 30
/** What a status has room for of a reason. */
const REASON_CHARACTERS = 40

/**
 * The spec of a source: no input, an output `rejected`, and the fields of core/source/fields.ts.
 */
export interface SourceSpec extends NodeSpec {
  readonly inputs: 0
  readonly fields: NodeSpec['fields'] & {
    readonly acknowledge: ChoiceField
    readonly maxInFlight: NumberField
    readonly retries: NumberField
    readonly timeoutS: NumberField
  }
}

/** What keeps a source from its work. */
export interface SourceTrouble {
  /** A few words for the status. */
  readonly words: string
  /** It stays so until a person changes something. */
  readonly mend: boolean
}

/** What only the source itself knows: its protocol. */
export interface OpenSource {
  /**
   * What it needs before it can begin, such as a library. Refused with an OptionsError where its
   * settings cannot be used after all: then it never begins.
   */
  readonly ready?: Promise<void> | undefined
  /** Begins to take. Called once the whole node stands, and it is ready. */
  start?(): void
  /**
   * There is room again in the flow, or a deployment is over: take on, as far as
   * `source.hasRoomFor` says.
   */
  resume(): void
  /**
   * A deployment is near: what was gathered has to leave now, and nothing more is taken until
   * `resume`.
   */
  flush?(): void
  /** It holds something back by itself until something of it has come to its end. */
  isBlocked?(): boolean
  /**
   * A sink has lost what it held back: all that is not acknowledged is to be read again. Without it
   * no message of the source may have a `next`.
   */
  readAgain?(): void
  /** Called once a second. */
  tick?(): void
  /** Takes nothing more; acknowledgements still go out. */
  stop(): void
  /**
   * Leaves the other side, within Node-RED's 15 s: whatever is not acknowledged by now comes again.
   */
  close(closing: Closing): void | Promise<void>
  /** Undefined while all is well. */
  trouble?(): SourceTrouble | undefined
  /** Asks the other side how it is, for doctor: read only, within seconds. */
  examine?(signal: AbortSignal): Promise<readonly OperatorAnswer[]>
  /** The status while all is well. */
  working(perSecond: number): string
  /**
   * The part of it that stays where what was rejected does not fit beside all of it, such as the
   * lag.
   */
  vital?(): string
}

export interface SourceContext<S extends NodeSpec> extends Context<S> {
  readonly mode: AcknowledgeMode
  /** Takes what arrives into the flow, and says when to acknowledge it. */
  readonly source: DeliverySource
  /** Finds the record that kills Node-RED; a source that has no memory of its own needs none. */
  readonly trials: Trials
  /** Shows the status anew; done once a second anyway. */
  show(): void
  /** Takes on, as when there is room again. */
  resume(): void
}

export interface SourceExtras<S extends SourceSpec> {
  /** Where it is not the option `acknowledge` alone that says when it acknowledges. */
  mode?(options: Options<S>): AcknowledgeMode
  readonly probes?: Probes<S>
  readonly migrations?: Migrations
  /** Shows in the dialog what it makes of a message; must not ask the other system. */
  readonly preview?: Pick<PreviewKind, 'learn' | 'behind'> &
    Partial<Pick<PreviewKind, 'takes'>> & { readonly make: Make<S> }
}

/** What the fields of `SourceSpec` give. */
interface SharedOptions {
  readonly acknowledge: AcknowledgeMode
  readonly maxInFlight: number
  readonly retries: number
  readonly timeoutS: number
}

/**
 * A node that takes records from another system and acknowledges them once the flow has dealt with
 * them. The definition bounds, follows, retries and counts what is in flight, pauses around
 * deployments, closes in order, and shows the status.
 * @param open makes the protocol's side; throws OptionsError for options that cannot be used
 */
export function defineSource<S extends SourceSpec>(
  spec: S,
  open: (context: SourceContext<S>) => OpenSource,
  extras: SourceExtras<S> = {}
): (RED: NodeAPI) => void {
  const start = (context: Context<S>): Behaviour => {
    const shared = context.options as unknown as SharedOptions
    return new SourceNode(context, open, extras.mode?.(context.options) ?? shared.acknowledge, {
      outputs: spec.outputs.length,
      rejected: spec.outputs.indexOf('rejected')
    })
  }
  const define = defineNode(spec, start, extras.probes, extras.migrations)
  const { preview } = extras
  if (preview === undefined) return define
  const { make, ...more } = preview
  return RED => {
    previewRoute(RED, spec, make, { takes: 'bytes', ...more, isAlone: true })
    define(RED)
  }
}

class SourceNode<S extends SourceSpec> implements Behaviour {
  readonly #source: DeliverySource
  readonly #trials: Trials
  readonly #opened: OpenSource
  readonly #rate = new Rate()
  readonly #endTicks: () => void
  readonly #retryText: string
  #isClosed = false
  #ticks = 0
  #takenBefore: number
  #mostASecond = 0

  constructor(
    private readonly context: Context<S>,
    open: (context: SourceContext<S>) => OpenSource,
    mode: AcknowledgeMode,
    outputs: { readonly outputs: number; readonly rejected: number }
  ) {
    const { RED, node, status, isWired, metrics } = context
    // The counts go on over a redeploy.
    this.#takenBefore = metrics.in
    this.#source = this.#sourceOf(mode, outputs)
    // What is acknowledged at once does not come again, so nothing of it is remembered.
    const userDir = mode === 'received' ? undefined : userDirOf(RED)
    this.#trials = new Trials({ nodeId: node.id, userDir, warn: sentence => node.warn(sentence) })
    const hasWire = isWired(outputs.rejected)
    this.#retryText = hasWire ? 'retrying' : 'retrying, no wire for dead letters'
    this.#opened = this.#open(open, mode)
    this.#endTicks = everySecond(() => this.#tick())
    status.waiting('connecting')
    const { ready } = this.#opened
    if (ready === undefined) this.#opened.start?.()
    else void this.#startAfter(ready)
  }

  async examine(signal: AbortSignal): Promise<readonly OperatorAnswer[]> {
    return (await this.#opened.examine?.(signal)) ?? []
  }

  /**
   * What is stored by now needs not come again, so acknowledgements go out to the end; then all
   * else is given back.
   */
  async close(closing: Closing): Promise<void> {
    this.#isClosed = true
    this.#endTicks()
    this.#opened.stop()
    this.#trials.end()
    this.#opened.flush?.()
    await this.#source.drained(DRAIN_MS)
    await this.#source.close()
    await this.#opened.close(closing)
  }

  async #startAfter(ready: Promise<void>): Promise<void> {
    try {
      await ready
      if (!this.#isClosed) this.#opened.start?.()
    } catch (error) {
      this.#endTicks()
      if (!this.#isClosed) this.context.refuse(error)
    }
  }

  #sourceOf(
    mode: AcknowledgeMode,
    { outputs, rejected }: { outputs: number; rejected: number }
  ): DeliverySource {
    const { RED, node, metrics, isWired, options } = this.context
    const { maxInFlight, retries, timeoutS } = options as unknown as SharedOptions
    return new DeliverySource({
      RED,
      node,
      metrics,
      mode,
      maxInFlight,
      retries,
      timeoutMs: timeoutS * 1000,
      outputs,
      deadLetterOutput: rejected,
      isWired,
      onCapacity: () => this.#opened.resume(),
      isAway: () => this.#opened.trouble?.() !== undefined,
      isBlocked: () => this.#opened.isBlocked?.() ?? false,
      onReadAgain: () => this.#opened.readAgain?.(),
      onPause: () => this.#opened.flush?.()
    })
  }

  #open(open: (context: SourceContext<S>) => OpenSource, mode: AcknowledgeMode): OpenSource {
    try {
      return open({
        ...this.context,
        mode,
        source: this.#source,
        trials: this.#trials,
        show: () => this.#show(),
        resume: () => this.#opened.resume()
      })
    } catch (error) {
      void this.#source.close()
      throw error
    }
  }

  #tick(): void {
    this.#opened.tick?.()
    this.#show()
    if (++this.#ticks % RATE_S === 0) this.#learnRate()
  }

  #learnRate(): void {
    const { metrics, learnt } = this.context
    const recordsPerSecond = (metrics.in - this.#takenBefore) / RATE_S
    this.#takenBefore = metrics.in

    if (recordsPerSecond <= this.#mostASecond) return
    this.#mostASecond = recordsPerSecond
    learnt({ recordsPerSecond })
  }

  #show(): void {
    const { status, metrics } = this.context
    const { records, retrying, reason, stalledMs } = this.#source.waiting
    const perSecond = this.#rate.of(metrics.in)
    const trouble = this.#opened.trouble?.()
    if (trouble?.mend) status.failed(trouble.words)
    else if (trouble !== undefined) status.waiting(trouble.words)
    else if (retrying > 0)
      status.waiting(`${this.#retryText}: ${reason?.slice(0, REASON_CHARACTERS)}`)
    else if (stalledMs >= STALLED_MS) status.waiting(stalledText(records, stalledMs))
    else
      status.healthy(sourceText(metrics, this.#opened.working(perSecond), this.#opened.vital?.()))
  }
}
