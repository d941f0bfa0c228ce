import { pause } from '../../backoff.ts'

const TIMES = 5
const EVERY_MS = 200

/**
 * Asks again where kafkajs knows no partition of a topic at that moment, as when its metadata is
 * being replaced meanwhile: it asks no broker then, and takes apart the answer that there is not.
 * https://github.com/tulios/kafkajs/blob/v2.2.4/src/admin/index.js, fetchTopicOffsets
 */
export async function whenKnown<T>(topic: string, ask: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      if (times >= TIMES)
        throw new Error(`The partitions of the topic ${topic} are not known yet.`, { cause: error })
    }
    await pause(EVERY_MS, { unref: true })
  }
}
