import { reasonOf, type SinkPort, type SinkTrouble } from '@millrace/node-red-telemetry'
import type { Entry } from '../../core/archive-log.ts'
import { isStoreError, StoreError } from '../../core/store.ts'
import type { Lane } from './lane.ts'

type LaneName = Pick<Lane, 'topic' | 'partition'>

/** What keeps an archive sink from its work, told on the canvas and in the log. */
export class SinkTroubles {
  #waitsFor: string | undefined
  #isBlocked = false
  /** Partitions of which somebody else has begun a range, and does not end it. */
  readonly #late = new Map<LaneName, SinkTrouble>()

  constructor(private readonly port: SinkPort) {}

  /** Nothing goes on before a person has changed something. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }
  get waitsFor(): string | undefined {
    return this.#waitsFor
  }

  works(): void {
    this.#waitsFor = undefined
    if (this.#isBlocked) return
    const [late] = this.#late.values()
    if (late === undefined) this.port.up()
    else this.port.down(late)
  }

  /** Something has failed, and is tried again. */
  fails(error: unknown): void {
    if (this.#isBlocked) return
    if (isStoreError(error))
      this.port.down({ words: error.short, sentence: error.message, mend: error.needsPerson })
    else {
      const isFull = ['ENOSPC', 'EDQUOT'].includes((error as { code?: string }).code ?? '')
      const sentence = isFull
        ? 'The disk on which records are gathered is full. Make room; the node tries again.'
        : `A file cannot be made: ${reasonOf(error)}. The node tries again.`
      const words = isFull ? 'disk full' : 'file cannot be made'
      this.port.down({ words, sentence, mend: true, topic: words })
    }
  }

  waitsForOther({ first, last }: Entry): void {
    this.#waitsFor = `another writes ${first} to ${last}`
    this.port.refresh()
  }

  /** So many minutes later it is given up. */
  waitsLong(lane: LaneName, { first, last }: Entry, minutes: number): void {
    if (this.#late.has(lane) || this.#isBlocked) return
    const sentence = `Somebody else has begun to write offsets ${first} to ${last} of partition ${lane.partition} of "${lane.topic}" and does not go on, and the first of them cannot be read here. Start it again; else this node writes what it can read of them in ${Math.ceil(minutes)} min.`
    this.#late.set(lane, { words: `${first} to ${last} not ended`, sentence, mend: true })
    this.works()
  }

  waitsNoMore(lane: LaneName): void {
    if (this.#late.delete(lane)) this.works()
  }

  otherTopic({ topic, partition }: LaneName, offset: number): void {
    this.#isBlocked = true
    const { message: sentence, short: words } = new StoreError(
      'ARCHIVE_TOPIC_OTHER',
      `Offset ${offset} of partition ${partition} of "${topic}" is in the archive already, but with a record of another time: the topic was made anew, or is one of another cluster. Nothing is archived until the node has another name of the archive.`,
      'another topic of this name',
      true
    )
    this.port.down({ words, sentence, mend: true })
  }
}
