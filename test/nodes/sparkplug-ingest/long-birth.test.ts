import assert from 'node:assert/strict'
import { encodePayload, type OutgoingMetric } from '../../../core/sparkplug/encode.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
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
  const payload = () => birthOf(Array.from({ length: COUNT }, (_, index) => metric(index)))

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
