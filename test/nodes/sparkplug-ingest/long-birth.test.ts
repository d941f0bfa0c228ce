import assert from 'node:assert/strict'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { encodePayload, type OutgoingMetric } from '../../../core/sparkplug/encode.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { threadMs } from '../../thread-time.ts'
import { CLOCK_MS, Scene } from './host-scene.ts'

const COUNT = 100_000
const birthOf = (metrics: readonly OutgoingMetric[]) =>
  encodePayload({ timestamp: CLOCK_MS, seq: 0, metrics })
const metric = (index: number): OutgoingMetric => ({
  name: `line-${index % 50}/tag ${index}`,
  alias: index,
  type: 'Double',
  tellsType: true,
  value: index / 8
})

describe('a birth of 100,000 metrics', function () {
  this.timeout(60_000)
  before(loadWire)
  const packetOf = (payload: Buffer) =>
    ({ cmd: 'publish', topic: 'spBv1.0/G/NBIRTH/E', payload, qos: 0 }) as unknown as Received
  const payload = () => birthOf(Array.from({ length: COUNT }, (_, index) => metric(index)))

  it('is read in slices, none of which takes the processor for 50 ms', () => {
    const bytes = payload()
    let best = Number.POSITIVE_INFINITY
    for (let time = 0; time < 3; time++) {
      const { host, outcomes } = new Scene()
      host.receive(packetOf(bytes), {} as DeferredAcks, { atMs: 0, clockMs: CLOCK_MS })
      let longestMs = 0
      let slices = 0
      for (let isRead = false; !isRead; slices++) {
        const beganMs = threadMs()
        const endMs = performance.now() + 20
        isRead = host.proceed(() => performance.now() > endMs)
        longestMs = Math.max(longestMs, threadMs() - beganMs)
      }
      assert.ok(slices > 2)
      assert.equal(outcomes[0]!.entries.length, COUNT + 1)
      best = Math.min(best, longestMs)
    }
    assert.ok(best < 50, `${best} ms`)
  })

  it('is what it would be read at once, and what comes after it knows its aliases', () => {
    const scene = new Scene()
    const data = encodePayload({
      timestamp: CLOCK_MS,
      seq: 1,
      metrics: [{ alias: 99_999, type: 'Double', tellsType: false, value: 7 }]
    })
    scene.take(
      { topic: 'spBv1.0/G/NBIRTH/E', payload: payload() },
      { topic: 'spBv1.0/G/NDATA/E', payload: data }
    )
    const { records } = scene
    assert.equal(records.length, COUNT + 2)
    assert.deepEqual(
      [1, 2, COUNT, COUNT + 1].map(at => [records[at]!.metric, records[at]!.value]),
      [
        ['line-0/tag 0', 0],
        ['line-1/tag 1', 1 / 8],
        ['line-49/tag 99999', 99_999 / 8],
        ['line-49/tag 99999', 7]
      ]
    )
  })

  it('that is cut off is refused as a whole', () => {
    const scene = new Scene()
    scene.take({ topic: 'spBv1.0/G/NBIRTH/E', payload: payload().subarray(0, -3) })
    assert.deepEqual(scene.codes, ['FORMAT_INVALID'])
  })
})
