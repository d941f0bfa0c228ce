import { type Closing, type Context, Outage } from '@millrace/node-red-telemetry'
import type { Connection, Delivery, EventContext, Receiver } from 'rhea'
import { terminusOf } from '../../core/address.ts'
import type { AmqpConnection } from '../../core/connection.ts'
import { type AmqpError, linkProblem } from '../../core/problem.ts'
import type { AmqpServer } from '../../core/server.ts'
import { wireOf } from '../../core/wire.ts'
import { type Arrival, arrivalOf, type Settling, undecodable } from './arrival.ts'
import type { Intake } from './intake.ts'
import type { IngestOptions } from './logic.ts'
import { Settlements } from './settlements.ts'

export interface LinkOptions {
  readonly server: AmqpServer
  readonly nodeId: string
  readonly options: Pick<IngestOptions, 'kind' | 'address' | 'subscription'>
  readonly intake: Intake
  readonly log: Pick<Context<never>['node'], 'log' | 'warn'>
  /** The status may be another. */
  changed(): void
}

const GOODBYE_MS = 2_000
/** Of a terminus, AMQP 1.0, 3.5.5: what the server keeps of it while nobody is there. */
const KEEPS_MESSAGES = 2

/** The receiving link to one address, made again on each new connection. */
export class IngestLink {
  readonly #connection: AmqpConnection
  readonly #outage: Outage
  readonly #settlements = new Settlements()
  #receiver: Receiver | undefined
  #isOpen = false
  #isStopped = false

  constructor(private readonly given: LinkOptions) {
    const { server, nodeId, log } = given
    this.#outage = new Outage('the AMQP server', log)
    this.#connection = server.connection(nodeId, {
      open: connection => this.#attach(connection),
      lost: problem => this.#lost(problem)
    })
  }

  get problem(): AmqpError | undefined {
    return this.#connection.problem
  }
  /** Messages can come. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  start(): void {
    this.#connection.start()
  }

  /** Nothing more is taken; what was taken can still be settled. */
  stop(): void {
    this.#isStopped = true
  }

  async close(closing: Closing): Promise<void> {
    this.given.intake.releaseAll()
    await this.#settlements.told()
    // To close the link would end a subscription, which only a node that is deleted wants.
    if (closing === 'deleted') this.#receiver?.close()
    else (this.#receiver as { detach?(): void } | undefined)?.detach?.()
    await this.#connection.close(GOODBYE_MS)
  }

  #attach(connection: Connection): void {
    const { intake, options } = this.given
    const receiver = connection.open_receiver({
      ...this.#linkOptions(),
      credit_window: 0,
      autoaccept: false
    })
    this.#receiver = receiver
    const take = (delivery: Delivery, arrivalFrom: (inTurn: Settling) => Arrival) => {
      const inTurn = this.#settlements.of(delivery)
      if (this.#isStopped) inTurn.release()
      else intake.take(arrivalFrom(inTurn))
    }
    const wire = wireOf(receiver, ({ delivery, wire, error }) =>
      take(delivery, inTurn => undecodable(wire, inTurn, options.address, error))
    )
    receiver.on('message', ({ message, delivery }: EventContext) => {
      if (message === undefined || delivery === undefined) return
      take(delivery, inTurn => arrivalOf(message, inTurn, options.address, wire))
    })
    receiver.on('receiver_open', () => {
      // A link that is refused is answered first, without a source, and ended next.
      if (!receiver.source?.address || this.#receiver !== receiver) return
      this.#isOpen = true
      this.#connection.works()
      this.#outage.end()
      intake.attach(receiver)
      this.given.changed()
    })
    const ended = ({ session }: EventContext) => {
      if (this.#receiver === receiver && !this.#isStopped)
        this.#connection.fail(linkProblem(receiver.error ?? session?.error, options.address))
    }
    for (const event of ['receiver_error', 'receiver_close']) receiver.on(event, ended)
  }

  #linkOptions() {
    const { server, nodeId, options } = this.given
    const { kind, address, subscription } = options
    const source = terminusOf(server.kind, kind, address)
    if (kind !== 'topic' || subscription === '') return { name: `millrace-${nodeId}`, source }
    return {
      name: subscription,
      source: { ...source, durable: KEEPS_MESSAGES, expiry_policy: 'never' }
    }
  }

  #lost(problem: AmqpError): void {
    this.#receiver = undefined
    this.#isOpen = false
    this.given.intake.detach()
    if (this.#outage.problem?.message !== problem.message) this.#outage.begin(problem)
    this.given.changed()
  }
}
