import { randomBytes } from 'node:crypto'
import type { Outgoing } from '../../core/mqtt/publisher.ts'
import { cloneRecord } from '../../core/record/clone-record.ts'
import { setter } from '../../core/record/field-path.ts'
import type { PublishRequest } from './batch.ts'

export interface AnswersOptions {
  /** Of this node alone. */
  readonly responseTopic: string
  readonly answerField: string
  readonly timeoutS: number
}

interface Asked {
  readonly message: Outgoing
  readonly batch: PublishRequest
  readonly index: number
  /** Runs from the moment it is sent. */
  timer: NodeJS.Timeout | undefined
}

/**
 * Commands and what devices answer: MQTT 5.0, 4.10, request and response. Each command has
 * correlation data of its own, that the answer must bring back.
 */
export class DeviceAnswers {
  readonly #asked = new Map<string, Asked>()
  readonly #ids = new WeakMap<Outgoing, string>()
  readonly #prefix = randomBytes(8).toString('hex')
  readonly #put: ReturnType<typeof setter>
  #next = 0

  constructor(private readonly options: AnswersOptions) {
    this.#put = setter(options.answerField)
  }

  get open(): number {
    return this.#asked.size
  }

  /** The message as a command, whose answer is waited for. */
  asking(message: Outgoing, batch: PublishRequest, index: number): Outgoing {
    const id = `${this.#prefix}-${this.#next++}`
    const properties = {
      ...message.properties,
      responseTopic: this.options.responseTopic,
      correlationData: Buffer.from(id)
    }
    const command = { ...message, properties }
    this.#ids.set(command, id)
    this.#asked.set(id, { message: command, batch, index, timer: undefined })
    return command
  }

  /** From now on the device has time. */
  sent(command: Outgoing): void {
    const asked = this.#asked.get(this.#ids.get(command) ?? '')
    if (asked === undefined || asked.timer) return
    asked.timer = setTimeout(() => this.#late(asked), this.options.timeoutS * 1000)
  }

  forget(command: Outgoing): void {
    const id = this.#ids.get(command) ?? ''
    clearTimeout(this.#asked.get(id)?.timer)
    this.#asked.delete(id)
  }

  /** What came to the topic of answers; false for what answers nothing that is open. */
  receive(correlation: Buffer | undefined, payload: Buffer): boolean {
    const asked = this.#asked.get(correlation?.toString() ?? '')
    if (asked === undefined) return false
    this.forget(asked.message)
    const record = asked.batch.request.records[asked.index]
    const answer = contentOf(payload)
    const isObject = typeof record === 'object' && record !== null
    const answered = isObject ? cloneRecord(record as Record<string, unknown>) : { record }
    this.#put(answered, answer)
    asked.batch.answer(asked.index, answered)
    asked.batch.less()
    return true
  }

  close(): void {
    for (const { timer } of this.#asked.values()) clearTimeout(timer)
    this.#asked.clear()
  }

  #late({ message, batch, index }: Asked): void {
    this.forget(message)
    batch.refuse(index, {
      code: 'MQTT_NO_ANSWER',
      message: `Nobody has answered ${message.topic} within ${this.options.timeoutS} s.`
    })
    batch.less()
  }
}

/** JSON where it is that, else the text. */
function contentOf(payload: Buffer): unknown {
  const text = payload.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
