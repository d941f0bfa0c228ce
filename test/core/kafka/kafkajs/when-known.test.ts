import assert from 'node:assert/strict'
import { whenKnown } from '../../../../core/kafka/kafkajs/when-known.ts'

/** As kafkajs takes apart the answer of a topic of which it knows no partition. */
const nothingKnown = (answers: { partitions: number }[]): number => {
  const { partitions } = answers.pop()!
  return partitions
}

describe('core/kafka/kafkajs/when-known', () => {
  it('asks again while no partition is known, and says so in the end', async () => {
    let asked = 0
    const once = async () => nothingKnown(++asked < 3 ? [] : [{ partitions: 4 }])
    assert.equal(await whenKnown('readings', once), 4)
    assert.equal(asked, 3)
    const never = whenKnown('readings', async () => nothingKnown([]))
    await assert.rejects(never, /^Error: The partitions of the topic readings are not known yet\.$/)
  })

  it('what a broker answers is told at once', async () => {
    let asked = 0
    const refused = async () => {
      asked++
      throw new Error('not authorized')
    }
    await assert.rejects(whenKnown('readings', refused), /^Error: not authorized$/)
    assert.equal(asked, 1)
  })
})
