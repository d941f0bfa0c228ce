import type { IPublishPacket } from 'mqtt'
import { pause } from '../../core/backoff.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { MqttConnection } from '../../core/mqtt/client.ts'
import { shownProblem } from '../../core/mqtt/connect-errors.ts'
import type { Link } from '../../core/mqtt/link.ts'
import { SILENT_MS, silentText } from '../../core/mqtt/pulse.ts'
import type { Options } from '../../core/node/spec.ts'
import type { OpenSink, SinkPort, WriteRequest } from '../../core/sink/types.ts'
import { DeviceAnswers } from './answers.ts'
import { Composer } from './logic.ts'
import { Outbox } from './outbox.ts'
import type { spec } from './spec.ts'

/** Answers that the server may send at a time. */
const RECEIVE_MAXIMUM = 100
const LOOK_MS = 50

export interface MqttSinkOptions {
  readonly broker: MqttBroker
  readonly nodeId: string
  readonly options: Options<typeof spec>
  readonly port: SinkPort
  log(line: string, isProblem: boolean): void
  /** The name of the source that a message came of, on its way; undefined where none is known. */
  hopOf(message: WriteRequest['message']): string | undefined
}

/** Publishes over a connection of its own, and hears the answers on the same one. */
export class MqttSink implements OpenSink {
  readonly #outbox: Outbox
  readonly #answers: DeviceAnswers | undefined
  readonly #connection: MqttConnection
  readonly #responseTopic: string

  constructor(sink: MqttSinkOptions) {
    const { broker, nodeId, options, port, log, hopOf } = sink
    const request = { nodeId, keepSession: false, receiveMaximum: RECEIVE_MAXIMUM }
    const { clientId } = broker.settingsFor(request)
    this.#responseTopic = options.responseTopic.replaceAll('{client_id}', clientId)
    this.#answers = options.request
      ? new DeviceAnswers({ ...options, responseTopic: this.#responseTopic })
      : undefined
    const by = broker.protocolVersion === 5 ? options.broker : undefined
    this.#outbox = new Outbox(new Composer(options, by), this.#answers, hopOf)
    this.#connection = broker.connection(request, {
      ready: async link => {
        await this.#listen(link)
        this.#outbox.attach(link)
        port.up()
      },
      lost: error => {
        this.#outbox.detach()
        const { short, needsPerson } = shownProblem(this.#connection.rival ?? error)
        port.down({ words: short, sentence: error.message, mend: needsPerson })
      },
      log
    })
    this.#connection.start()
  }

  write(request: WriteRequest): void {
    this.#outbox.write(request)
  }

  waitsFor(): string | undefined {
    const silentMs = this.#connection.beat(true)
    if (silentMs >= SILENT_MS) return silentText(silentMs)
    const open = this.#answers?.open ?? 0
    if (open > 0) return `${open} to be answered`
    const { elsewhere } = this.#connection
    return elsewhere === undefined ? undefined : `at ${elsewhere}`
  }

  async close(limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs
    const isOpen = () => !this.#outbox.isEmpty || (this.#answers?.open ?? 0) > 0
    while (isOpen() && this.#connection.connected && performance.now() < untilMs)
      await pause(LOOK_MS)
    this.#answers?.close()
    await this.#connection.close(2000)
  }

  /** Before anything is published: an answer to the first command must be heard. */
  async #listen(link: Link): Promise<void> {
    const answers = this.#answers
    if (answers === undefined) return
    link.client.on('message', (_topic, payload: Buffer, { properties }: IPublishPacket) => {
      answers.receive(properties?.correlationData, payload)
    })
    await link.subscribe({ filter: this.#responseTopic, qos: 1, retainHandling: 2 })
  }
}
