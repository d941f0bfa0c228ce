import assert from 'node:assert/strict'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { Trials } from '../../../core/source/trials.ts'
import { encodePayload, type OutgoingMetric } from '../../../core/sparkplug/encode.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { Gatherer } from '../../../nodes/sparkplug-ingest/gatherer.ts'
import { Host } from '../../../nodes/sparkplug-ingest/logic.ts'
import { ReadingTurns } from '../../../nodes/sparkplug-ingest/long-message.ts'
import { spec } from '../../../nodes/sparkplug-ingest/spec.ts'
import { sourceWith } from '../../core/source/scripted-source.ts'
import { acknowledged } from '../../core/source/scripted-tracker.ts'
import { threadMs } from '../../thread-time.ts'

const COUNT = 100_000
const NOW_MS = 1_708_700_000_000

const metric = (index: number, isBirth: boolean): OutgoingMetric => ({
  ...(isBirth ? { name: `line-${index % 50}/tag ${index}` } : {}),
  alias: index,
  type: 'Double',
  tellsType: isBirth,
  value: index / 8
})

function packet(type: 'NBIRTH' | 'NDATA', seq: number): Received {
  const metrics = Array.from({ length: COUNT }, (_, index) => metric(index, type === 'NBIRTH'))
  const payload = encodePayload({ timestamp: NOW_MS + seq, seq, metrics })
  return { cmd: 'publish', topic: `spBv1.0/G/${type}/E`, payload, qos: 0 } as unknown as Received
}

/** A host in front of a flow that is done at once with whatever it gets. */
function scene(birthValues: boolean) {
  const options = parseOptions(spec, { broker: 'b', birthValues, statusMetric: '' })
  const given = sourceWith({ maxInFlight: options.maxInFlight })
  const acks = { acknowledge() {}, rest() {}, wake() {} } as unknown as DeferredAcks
  const warn = () => {}
  const host: Host = new Host(options, {
    settled: outcome => gatherer.settled(outcome),
    command: () => true,
    asked: () => {}
  })
  const turns = new ReadingTurns(
    isOver => host.proceed(isOver),
    () => {}
  )
  const gatherer: Gatherer = new Gatherer({
    ...options,
    gatherMs: 5,
    fewMs: 5,
    burstMs: 0,
    source: given.source,
    metrics: given.metrics,
    trials: new Trials({ nodeId: 'long', userDir: undefined, warn }),
    warn,
    onTurn: () => {},
    isReading: () => host.isReading,
    receive(received, of) {
      host.receive(received, of, { atMs: performance.now(), clockMs: NOW_MS })
      if (host.isReading) turns.begin()
    }
  })
  return { ...given, gatherer, offer: (received: Received) => gatherer.offer(received, acks) }
}

/** The records that leave for these messages, and the longest turn of the event loop meanwhile. */
async function passed(packets: readonly Received[], records: number, birthValues: boolean) {
  const { sent, tracker, offer, metrics, gatherer } = scene(birthValues)
  let next = 0
  let longestMs = 0
  let left = 0
  let last: { metric: string; value: number } | undefined
  const endMs = performance.now() + 30_000
  while (left < records || next < packets.length || gatherer.open > 0) {
    assert.ok(performance.now() < endMs, `${left} of ${records} have left`)
    const beganMs = threadMs()
    if (next < packets.length && offer(packets[next]!)) next++
    await new Promise(resolve => setImmediate(resolve))
    for (const { message } of sent.splice(0)) {
      const payload = message.payload as { metric: string; value: number }[]
      left += payload.length
      last = payload.at(-1)
    }
    for (const delivery of [...tracker.open_]) delivery.settle(acknowledged(1))
    longestMs = Math.max(longestMs, threadMs() - beganMs)
  }
  return { longestMs, left, last, filtered: metrics.filtered }
}

describe('messages of 100,000 metrics', function () {
  this.timeout(60_000)
  before(loadWire)
  const birth = () => packet('NBIRTH', 0)
  const data = (seq: number) => packet('NDATA', seq)

  for (const [what, packets, birthValues] of [
    ['a birth, with its values', () => [birth()], true],
    ['data after its birth', () => [birth(), data(1), data(2)], false],
    ['data that has waited for it', () => [data(1), data(2), birth()], false]
  ] as const)
    it(`${what}: read in slices, none of which takes the processor for 50 ms`, async () => {
      const messages = packets()
      const records = birthValues ? COUNT : 2 * COUNT
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 3 && best >= 50; time++) {
        const found = await passed(messages, records, birthValues)
        assert.deepEqual(
          [found.left, found.filtered, found.last?.metric, found.last?.value],
          [records, birthValues ? 0 : COUNT, 'line-49/tag 99999', 99_999 / 8]
        )
        best = Math.min(best, found.longestMs)
      }
      assert.ok(best < 50, `${best} ms`)
    })
})
