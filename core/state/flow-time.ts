import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'
import { SilenceClock } from './silence-clock.ts'
import { Upstream } from './upstream.ts'
import { wiresLead } from './wires-lead.ts'

/** The time of a node in a flow: stands still while the flow holds up what comes next to it. */
export class FlowTime {
  readonly #clock: SilenceClock
  readonly #upstream: Upstream
  #isHeldUp = false

  constructor(
    { tracker, RED, node }: Pick<Context<NodeSpec>, 'tracker' | 'RED' | 'node'>,
    /** What counts as a silence. */
    idleMs: number,
    private readonly wallMs: () => number = Date.now
  ) {
    this.#clock = new SilenceClock(wallMs(), idleMs)
    const nodeOf = (id: string) => RED.nodes.getNode(id)
    this.#upstream = new Upstream(tracker, source => wiresLead(nodeOf, source, node.id))
  }

  get nowMs(): number {
    return this.#clock.at(this.wallMs(), this.#isHeldUp)
  }
  get stands(): boolean {
    return this.#clock.stands
  }

  /** It has heard of this source. */
  knows(source: string): boolean {
    return this.#upstream.knows(source)
  }

  /** Looks at the sources; to be called a few times a second. */
  look(): void {
    this.#isHeldUp = this.#upstream.isHeldUp(this.wallMs())
  }

  /** The node has heard of this source before it was started. */
  expect(source: string): void {
    this.#upstream.expect(source, this.wallMs())
  }

  /** The node forgets all, and with it the sources from which nothing can come any more. */
  forget(): void {
    this.#upstream.forget()
  }

  /** A message of this source has come. */
  heard(source: string): void {
    this.#upstream.heard(source, this.wallMs())
  }

  /** A record has come. @param arrivedMs when it came into the system, where that is known */
  took(arrivedMs: number | undefined): void {
    this.#clock.heard(this.wallMs(), arrivedMs)
  }
}
