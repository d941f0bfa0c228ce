import assert from 'node:assert/strict'
import { SlicedQueue } from '../../../core/record/sliced-queue.ts'
import { until } from '../../until.ts'

interface Batch {
  readonly name: string
  readonly records: readonly number[]
}

const batch = (name: string, count: number): Batch => ({
  name,
  records: Array.from({ length: count }, (_, n) => n)
})

/** Takes time, so that slices end. */
function spend(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

describe('records of many messages, some at a time', () => {
  function queue(spendMs = 0, isOver: (of: Batch) => boolean = () => false) {
    const told: string[] = []
    const sliced: SlicedQueue<Batch> = new SlicedQueue<Batch>({
      take(of, index) {
        if (spendMs > 0) spend(spendMs)
        if (of.name === 'bad' && index === 2) throw new Error('bad')
        told.push(`${of.name}${index}`)
      },
      taken: ({ name }) => told.push(`${name} taken`),
      failed: ({ name }, { message }) => told.push(`${name}: ${message}`),
      pause: () => told.push('-'),
      isOver
    })
    return { sliced, told }
  }

  it('few are taken at once', () => {
    const { sliced, told } = queue()
    sliced.add(batch('a', 2))
    sliced.add(batch('b', 0))
    assert.deepEqual(told, ['a0', 'a1', 'a taken', '-', 'b taken', '-'])
    assert.ok(sliced.isEmpty)
  })

  it('many give others their turn, and keep their order and that of what is behind them', async () => {
    const { sliced, told } = queue(0.5)
    let turns = 0
    const beat = setInterval(() => turns++, 1)
    sliced.add(batch('a', 200))
    sliced.add(batch('b', 1))
    assert.ok(!told.includes('a taken'))
    await until('all', () => sliced.isEmpty, 10_000, 1)
    clearInterval(beat)
    assert.ok(turns > 1, `${turns} turns`)
    assert.deepEqual(
      told.filter(text => text !== '-'),
      [...batch('', 200).records.map(n => `a${n}`), 'a taken', 'b0', 'b taken']
    )
  })

  it('one that throws is told, and what is behind it is taken', () => {
    const { sliced, told } = queue()
    sliced.add(batch('bad', 5))
    sliced.add(batch('b', 1))
    assert.deepEqual(told, ['bad0', 'bad1', 'bad: bad', '-', 'b0', 'b taken', '-'])
  })

  it('what nobody wants any more is left', () => {
    const { sliced, told } = queue(0, () => true)
    sliced.add(batch('a', 5))
    assert.deepEqual(told, ['-'])
  })
})
