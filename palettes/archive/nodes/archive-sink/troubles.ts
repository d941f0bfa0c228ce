import { reasonOf, type SinkPort } from '@millrace/node-red-telemetry'
import type { Entry } from '../../core/archive-log.ts'
import { isStoreError, StoreError } from '../../core/store.ts'
import type { Lane } from './lane.ts'

/** What keeps an archive sink from its work, told on the canvas and in the log. */
export class SinkTroubles {
  #waitsFor: string | undefined
  #isBlocked = false

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
    if (!this.#isBlocked) this.port.up()
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

  otherTopic({ topic, partition }: Pick<Lane, 'topic' | 'partition'>, offset: number): void {
    this.#isBlocked = true
    const { message: sentence, short: words } = new StoreError(
      'ARCHIVE_TOPIC_OTHER',
      `Offset ${offset} of partition ${partition} of "${topic}" is in the archive already, but this record is newer than all that is archived: the topic was made anew, or is one of another cluster. Nothing is archived until the node has another name of the archive.`,
      'another topic of this name',
      true
    )
    this.port.down({ words, sentence, mend: true })
  }
}
