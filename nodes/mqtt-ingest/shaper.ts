import { carrying, placedPieces, refusal } from '../../core/format/placed.ts'
import { type LoadingReader, takesLong } from '../../core/format/reader.ts'
import type { FillIn } from '../../core/record/fill-in.ts'
import type { JsonRules } from '../../core/record/json-text.ts'
import { ParseFailure, parseRecord } from '../../core/record/parse-record.ts'
import {
  KAFKA_MESSAGE,
  type KafkaMessage,
  Provenance,
  type Rejection
} from '../../core/record/record.ts'
import type { TopicTemplate } from '../../core/record/topic-template.ts'
import type { Split, SplitPiece } from '../../core/source/types.ts'
import type { MqttBatch } from './batch.ts'

const STAGE = 'mqtt-ingest'

export interface ShapeOptions {
  /** Otherwise Kafka messages, bytes untouched. */
  readonly makesRecords: boolean
  readonly template: TopicTemplate
  /**
   * The template with any last level in place of a fixed one; absent where its last level is none.
   */
  readonly siblings?: TopicTemplate | undefined
  /** The MQTT topic filter to subscribe to; takes at least the topics of the template. */
  readonly filter: string
  /** Field of the topic that becomes the Kafka key; empty for none. */
  readonly keyField: string
  readonly maxPayloadBytes: number
  readonly fillIn: FillIn
  readonly json: JsonRules
  /** A message is one record of JSON. */
  readonly isPlain: boolean
  /** Compression is undone. */
  readonly decompresses: boolean
  /** Reads what is not plain. */
  readonly loading: LoadingReader
}

/** What leaves the node for a batch. With those for others as many as came. */
export interface ShapedBatch extends Split {
  readonly rejected: Rejection[]
  /** Messages that are for others, see `isForOthers`; they leave by no output. */
  readonly forOthers: number
  /** The topic of the first of these. */
  readonly otherTopic: string
}

/** Makes records or Kafka messages of MQTT messages. */
export class Shaper {
  constructor(private readonly options: ShapeOptions) {}

  /** The library of the format is there; undefined where it needs none. */
  get ready(): Promise<void> | undefined {
    return this.options.loading.ready
  }

  /** The MQTT topic filter to subscribe to. */
  get filter(): string {
    return this.options.filter
  }

  /** The Kafka key of a topic. */
  keyOf = (topic: string): string | null => {
    const { template, keyField } = this.options
    return keyField === '' ? null : (template.match(topic)?.[keyField] ?? null)
  }

  /**
   * Whether its messages may hold any number of records, or take long to read: then they are shaped
   * one by one, by `piecesOf`.
   */
  isMany({ packets, kills }: MqttBatch): boolean {
    const { makesRecords, isPlain, decompresses } = this.options
    if (!makesRecords || kills !== undefined) return false
    if (!isPlain) return true
    return packets.some(({ payload }) => takesLong(payload as Buffer, decompresses))
  }

  /** The same batch gives the same again, in new objects. */
  shape(batch: MqttBatch): ShapedBatch {
    const asRecord = this.options.makesRecords
    const accepted: object[] = []
    const rejected: Rejection[] = []
    let forOthers = 0
    let otherTopic = ''
    for (let index = 0; index < batch.packets.length; index++) {
      const { kills } = batch
      const made = kills
        ? new ParseFailure(kills.code, kills.message)
        : asRecord
          ? this.#record(batch, index)
          : this.#message(batch, index)
      if (!(made instanceof ParseFailure)) accepted.push(made)
      else if (made.code === 'TOPIC_MISMATCH' && this.isForOthers(batch, index)) {
        if (forOthers++ === 0) otherTopic = batch.packets[index]!.topic
      } else rejected.push(refusal(made, new Provenance(batch, index), STAGE))
    }
    return { accepted, rejected, forOthers, otherTopic }
  }

  /** The records of one message, however many, some at a time; none of one that is for others. */
  piecesOf(batch: MqttBatch, index: number): Iterable<SplitPiece> {
    const { topic, payload } = batch.packets[index]!
    const { template, fillIn, loading } = this.options
    const fields = template.match(topic)
    const problem = this.#problem(topic, fields, payload.length)
    const provenance = new Provenance(batch, index)
    if (problem === undefined) {
      const pieces = loading.reader.pieces(payload as Buffer, { arrivedMs: batch.arrivedMs })
      return placedPieces(pieces, provenance, STAGE, record => fillIn(record, fields))
    }
    if (this.isForOthers(batch, index)) return []
    const refused = () => ({ accepted: [], rejected: [refusal(problem, provenance, STAGE)] })
    return [{ split: refused(), again: refused }]
  }

  /**
   * A topic of the template's tree whose last level, fixed in the template, is another: an alert or
   * a status beside the readings. It is as it should be, only not for this node; what is of no such
   * topic is a mistake, and rejected.
   */
  isForOthers({ packets }: MqttBatch, index: number): boolean {
    const { template, siblings } = this.options
    const { topic } = packets[index]!
    return (siblings?.matches(topic) ?? false) && !template.matches(topic)
  }

  #record(batch: MqttBatch, index: number): object {
    const { topic, payload } = batch.packets[index]!
    const fields = this.options.template.match(topic)
    const problem = this.#problem(topic, fields, payload.length)
    if (problem !== undefined) return problem
    const record = parseRecord(payload as Buffer, this.options.json)
    if (record instanceof ParseFailure) return record
    const conflict = this.options.fillIn(record, fields)
    return conflict ?? carrying(record, new Provenance(batch, index))
  }

  #message(batch: MqttBatch, index: number): object {
    const { topic, payload } = batch.packets[index]!
    const fields = this.options.template.match(topic)
    const problem = this.#problem(topic, fields, payload.length)
    if (problem !== undefined) return problem
    const message: KafkaMessage = {
      [KAFKA_MESSAGE]: true,
      key: fields?.[this.options.keyField] ?? null,
      value: payload as Buffer,
      headers: batch.headersAt(index)
    }
    return carrying(message, new Provenance(batch, index))
  }

  #problem(topic: string, fields: object | undefined, bytes: number): ParseFailure | undefined {
    if (fields === undefined) {
      return new ParseFailure(
        'TOPIC_MISMATCH',
        `The topic "${topic}" is not of the template "${this.options.template.text}".`
      )
    }
    if (bytes === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
    const { maxPayloadBytes } = this.options
    if (bytes <= maxPayloadBytes) return undefined
    return new ParseFailure(
      'PAYLOAD_TOO_LARGE',
      `The payload has ${bytes} bytes; at most ${maxPayloadBytes} are accepted.`
    )
  }
}
