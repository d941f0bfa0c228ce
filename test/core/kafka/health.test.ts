import assert from 'node:assert/strict'
import { MillraceError } from '../../../core/errors.ts'
import { Health } from '../../../core/kafka/health.ts'

const away = new MillraceError('KAFKA_CONNECT_FAILED', 'Nothing listens.')
const missing = new MillraceError('KAFKA_TOPIC_MISSING', 'There is no such topic.')

function health() {
  const told: string[] = []
  const clock = { nowMs: 0 }
  const made = new Health(
    { up: () => told.push('up'), away: error => told.push(error.code) },
    () => clock.nowMs
  )
  return { made, told, clock }
}

describe('core/kafka/health', () => {
  it('tells each state once', () => {
    const { made, told } = health()
    for (const step of [away, away, undefined, undefined, away, missing, missing, undefined]) {
      if (step === undefined) made.works()
      else made.fails(step)
    }
    assert.deepEqual(told, [
      'KAFKA_CONNECT_FAILED',
      'up',
      'KAFKA_CONNECT_FAILED',
      'KAFKA_TOPIC_MISSING',
      'up'
    ])
  })

  it('tells what a person must mend once, and not the broken connections between two tries', () => {
    const { made, told } = health()
    const login = new MillraceError(
      'KAFKA_CONNECT_FAILED',
      'The broker refused the user name or password (user "u").'
    )
    for (const step of [away, login, away, login]) made.fails(step)
    made.works()
    made.fails(away)
    assert.deepEqual(told, [
      'KAFKA_CONNECT_FAILED',
      'KAFKA_CONNECT_FAILED',
      'up',
      'KAFKA_CONNECT_FAILED'
    ])
  })

  it('bears a trouble that passes within a second, once it has worked', () => {
    const { made, told, clock } = health()
    made.works()
    made.trouble(away)
    clock.nowMs = 900
    made.trouble(away)
    made.works()
    clock.nowMs = 1500
    made.trouble(away)
    assert.deepEqual(told, ['up'])
    clock.nowMs = 2600
    made.trouble(away)
    assert.deepEqual(told, ['up', 'KAFKA_CONNECT_FAILED'])
  })

  it('waits ten seconds for a broker that asks for patience', () => {
    const { made, told, clock } = health()
    made.waits(away)
    clock.nowMs = 9_900
    made.waits(away)
    assert.deepEqual(told, [])
    clock.nowMs = 10_100
    made.waits(away)
    made.works()
    assert.deepEqual(told, ['KAFKA_CONNECT_FAILED', 'up'])
  })

  it('tells the first trouble at once, and nothing after it was closed', () => {
    const { made, told } = health()
    made.trouble(away)
    made.close()
    made.works()
    made.fails(missing)
    assert.deepEqual(told, ['KAFKA_CONNECT_FAILED'])
  })
})
