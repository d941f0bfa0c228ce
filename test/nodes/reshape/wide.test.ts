import assert from 'node:assert/strict'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { threadMs } from '../../thread-time.ts'
import { ARRIVAL_MS, optionsOf, prepare, reshaped } from './reshape-of.ts'

/** The longest turn of the event loop until it is over, in milliseconds computed. */
async function longestTurnMs(work: Promise<unknown>): Promise<number> {
  let [longest, beganMs, isOver] = [0, threadMs(), false]
  const over = work.then(() => {
    isOver = true
  })
  const turn = () => {
    longest = Math.max(longest, threadMs() - beganMs)
    beganMs = threadMs()
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await over
  return longest
}

describe('nodes/reshape, what is made of very much', () => {
  it('makes no record of more than 10,000 metrics of rows of one device and time', async () => {
    const rows = Array.from({ length: 10_003 }, (_, n) => ({
      device_id: 'd',
      ts: 1,
      metric: `m${n}`,
      value: n
    }))
    const pivoted = await reshaped({ mode: 'pivot' }, rows)
    assert.deepEqual(
      pivoted.rows.map(row => Object.keys(row).length),
      [10_002]
    )
    assert.deepEqual(
      pivoted.rejected.map(({ record, reason }) => [
        (record as { value: number }).value,
        reason.code
      ]),
      [10_000, 10_001, 10_002].map(n => [n, 'RECORD_TOO_WIDE'])
    )
  })

  it('rejects a record whose rows would each get a copy of very much', async () => {
    const measured = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`m${n}`, n]))
    const about = (length: number) => ({
      ...measured,
      about: { list: Array.from({ length }, String) }
    })
    const keep = [{ from: 'about', to: '' }]
    const { rows, rejected } = await reshaped({ keep }, [about(300), about(400)])
    assert.deepEqual(
      [rows.length, rejected.map(({ reason }) => reason.code)],
      [900, ['PAYLOAD_TOO_LARGE']]
    )
    assert.notEqual(rows[0]!.about, rows[1]!.about)
  })

  it('takes apart a record of 90,000 measurements in turns, beside short ones', async () => {
    const count = 90_000
    const record = {
      deep: Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, n / 8]))
    }
    const reshape = reshaper(optionsOf({ maxMeasurements: count }), () => ARRIVAL_MS, prepare)
    let best = Number.POSITIVE_INFINITY
    for (let time = 0; time < 4 && best >= 50; time++) {
      const made = reshape({ payload: [{ a: 1 }, record, { b: 2 }] })
      assert.ok(made instanceof Promise, 'It is done in one turn.')
      best = Math.min(best, await longestTurnMs(made))
      const [rows] = (await made).outputs
      assert.equal(rows.length, count + 2)
      assert.deepEqual(
        [rows[0]!.metric, rows[1]!.metric, rows.at(-2)!.metric, rows.at(-1)!.metric],
        ['a', 'deep.m0', `deep.m${count - 1}`, 'b']
      )
    }
    assert.ok(best < 50, `${best} ms`)
  })

  it('a long record that is too much leaves none of its rows, and others keep theirs', async () => {
    const long = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`m${n}`, n]))
    const { rows, rejected } = await reshaped({}, [{ a: 1 }, long, { b: 2 }])
    assert.deepEqual(
      rows.map(({ metric }) => metric),
      ['a', 'b']
    )
    assert.deepEqual(
      rejected.map(({ record, reason }) => [record === long, reason.code]),
      [[true, 'MEASUREMENTS_TOO_MANY']]
    )
  })

  it('knows more names than it remembers', async () => {
    const record = (from: number) =>
      Object.fromEntries(
        Array.from({ length: 200 }, (_, n) => [`m${from + n}`, { x: n, 'a.b': n, a: { b: n } }])
      )
    const messages = Array.from({ length: 60 }, (_, n) => record(n * 200))
    const { rows, rejected } = await reshaped({}, messages)
    const names = rows.map(({ metric }) => metric)
    assert.equal(new Set(names).size, 60 * 200 * 2)
    assert.equal(names.length, 60 * 200 * 2)
    assert.equal(rejected.length, 60 * 200)
    assert.deepEqual(names.slice(-2), ['m11999.x', 'm11999.a.b'])
    assert.equal(rejected.at(-1)!.reason.message.includes('"m11999.a.b"'), true)
  })
})
