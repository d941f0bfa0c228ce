import assert from 'node:assert/strict'
import { type Shown, Status } from '../../../core/node/status.ts'
import { SinkStatus, waitingText } from '../../../core/sink/sink-status.ts'

const AWAY = { words: 'broker away', sentence: 'Nothing listens at b:9092.', mend: false }
const REFUSED = { words: 'wrong password', sentence: 'The password was refused.', mend: true }

function scene() {
  const shown: Shown[] = []
  const lines: string[] = []
  const state = { waitingRecords: 0, oldestMs: 0, done: 0, rejected: 0, duplicates: 0 }
  const log = { warn: (line: string) => lines.push(line), log: (line: string) => lines.push(line) }
  const status = new SinkStatus(
    new Status(each => shown.push(each), 0),
    log,
    'the database',
    () => state
  )
  const last = () => [shown.at(-1)?.fill, shown.at(-1)?.text]
  return { state, lines, status, last }
}

describe('the status of a sink', () => {
  it('is connecting until the service takes records', () => {
    const { status, last } = scene()
    status.show({})
    assert.deepEqual(last(), ['yellow', 'connecting'])
    status.up({})
    assert.deepEqual(last(), ['green', '0/s'])
  })

  it('waits in yellow for what passes by itself, and in red for a person', () => {
    const { status, state, last } = scene()
    state.waitingRecords = 30
    status.down(AWAY, {})
    assert.deepEqual(last(), ['yellow', '30 waiting · broker away'])
    status.down(REFUSED, {})
    assert.deepEqual(last(), ['red', '30 waiting · wrong password'])
  })

  it('tells each trouble once, and when it is over', () => {
    const { status, lines } = scene()
    for (const sentence of ['Away.', 'Starting up.'])
      status.down({ ...AWAY, sentence, topic: 'away' }, {})
    status.down(REFUSED, {})
    status.down(REFUSED, {})
    status.up({})
    status.up({})
    status.down(REFUSED, {})
    assert.deepEqual(lines, [
      'Away.',
      REFUSED.sentence,
      'The database is back after 0 s.',
      REFUSED.sentence
    ])
  })

  it('says what a sink waits for, and that there is no answer where the sink says nothing', () => {
    const { status, state, last } = scene()
    status.up({})
    state.waitingRecords = 5
    state.oldestMs = 6_000
    status.show({})
    assert.deepEqual(last(), ['yellow', '5 waiting · no answer for 6 s'])
    status.show({ waitsFor: () => 'table locked' })
    assert.deepEqual(last(), ['yellow', '5 waiting · table locked'])
    status.show({ waitsFor: () => undefined })
    assert.deepEqual(last(), ['green', '0/s'])
  })

  const texts: [string, string][] = [
    [waitingText(12, 'database away'), '12 waiting · database away'],
    [waitingText(0, 'table missing'), 'table missing'],
    [waitingText(1_400, 'database read-only'), 'database read-only · 1.4k wait'],
    [waitingText(1_400, 'no answer for 65 s'), 'no answer for 65 s · 1.4k wait'],
    [waitingText(3, 'no such database'), '3 waiting · no such database'],
    [waitingText(12, 'user name or password refused'), 'user name or password refused · 12 wait'],
    [waitingText(0, 'user name or password refused'), 'user name or password refused']
  ]
  for (const [found, expected] of texts) it(expected, () => assert.equal(found, expected))
})
