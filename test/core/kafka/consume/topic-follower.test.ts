import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { MillraceError } from '../../../../core/errors.ts'
import {
  type FollowerOptions,
  TopicFollower
} from '../../../../core/kafka/consume/topic-follower.ts'
import type { KafkaClient, KafkaRecord, ReaderEvents } from '../../../../core/kafka/port.ts'

const recordOf = (offset: number, timeMs: number): KafkaRecord => ({
  key: null,
  value: null,
  offset: String(offset),
  timestamp: String(timeMs)
})

/**
 * A follower whose reader and admin do what a test says, in an order that no broker can be made to
 * keep.
 */
function rigged() {
  let reader: ReaderEvents | undefined
  const questions: ((timeMs: number, behind: number) => void)[] = []
  const recordAt = ({ offset }: { offset: number }) =>
    new Promise(answer =>
      questions.push((timeMs, behind) => answer({ offset: offset + behind, timeMs }))
    )
  const admin = {
    recordAt,
    listOffsets: async () => [{ partition: 0, low: 0n, high: 9n }],
    offsetsSince: async () => [{ partition: 0, offset: 0n }]
  }
  const client: Pick<KafkaClient, 'reader'> = {
    reader(_options, events) {
      reader = events
      return { start: () => undefined, close: async () => undefined }
    }
  }
  const ask = (question: (asked: typeof admin) => unknown) => question(admin)
  let anew = 0
  const follower = new TopicFollower(
    { client, admin: { ask }, topic: 'devices', sinceMs: 0 } as unknown as FollowerOptions,
    { read: () => undefined, up: () => undefined, away: () => undefined, anew: () => anew++ }
  )
  follower.start()
  return {
    follower,
    anew: () => anew,
    read: (offset: number, timeMs: number) =>
      reader!.batch(
        {
          topic: 'devices',
          partition: 0,
          messages: [recordOf(offset, timeMs)],
          nextOffset: BigInt(offset + 1),
          end: 9n
        },
        async () => undefined
      ),
    /** The broker was away, and answers again. */
    async interrupt() {
      reader!.trouble?.(new MillraceError('KAFKA_CONNECT_FAILED', 'away'))
      reader!.answered?.()
      await turn()
    },
    /** What is asked first is answered: the record there, or behind, was written then. */
    async answer(timeMs: number, behind = 0) {
      questions.shift()!(timeMs, behind)
      await turn()
    }
  }
}

describe('core/kafka/consume/topic-follower', () => {
  it('a second interruption does not replace what is being looked at', async () => {
    const { follower, anew, read, interrupt, answer } = rigged()
    await turn()
    await read(0, 1000)
    await interrupt()
    // The topic is another one, and what was written to it is read before the answer comes.
    await read(1, 5000)
    await interrupt()
    await answer(4000)
    await answer(4000)
    assert.equal(anew(), 1)
    await follower.close()
  })

  it('takes no topic for another where compaction has removed the last record read', async () => {
    const { follower, anew, read, interrupt, answer } = rigged()
    await turn()
    await read(0, 1000)
    await interrupt()
    await answer(3000, 1)
    assert.equal(anew(), 0)
    await interrupt()
    await answer(3000)
    assert.equal(anew(), 1)
    await follower.close()
  })

  it('what was looked at and is the same is not looked at again', async () => {
    const { follower, anew, read, interrupt, answer } = rigged()
    await turn()
    await read(0, 1000)
    await interrupt()
    await answer(1000)
    await read(1, 2000)
    await interrupt()
    await answer(3000)
    assert.equal(anew(), 1)
    await follower.close()
  })
})
