import assert from 'node:assert/strict'
import type { NodeMessage } from 'node-red'
import { type Rejection, reject } from '../../../core/record/record.ts'
import { ORIGIN, RAW, recordOf, sourceWith, until } from './scripted-source.ts'
import { abandoned, acknowledged, failed } from './scripted-tracker.ts'

describe('delivery source', () => {
  it('acknowledges a lane in the order it was taken, and each lane for itself', () => {
    const { tracker, take, acks, source } = sourceWith()
    take('a1', 1, 'a')
    take('a2', 1, 'a')
    take('b1', 1, 'b')
    const [a1, a2, b1] = tracker.open_
    a2!.settle(acknowledged(1))
    b1!.settle(acknowledged(1))
    assert.deepEqual(acks, ['b1'])
    // Nodes that know what they have counted keep it until it cannot come again.
    assert.deepEqual(tracker.ended_, [b1!.options.taken])
    assert.equal(source.inFlightOf('a'), 2)
    a1!.settle(acknowledged(1))
    assert.deepEqual(acks, ['b1', 'a1', 'a2'])
    assert.deepEqual(
      tracker.ended_,
      [b1, a1, a2].map(each => each!.options.taken)
    )
    assert.equal(source.inFlight, 0)
  })

  it('is full while as many messages as allowed are not acknowledged, and says when some have left', () => {
    const { source, tracker, take, capacities } = sourceWith({ maxInFlight: 2 })
    take('1')
    assert.equal(source.full, false)
    take('2')
    assert.equal(source.full, true)
    assert.ok(source.waiting.stalledMs >= 0)
    const [first, second] = tracker.open_
    second!.settle(acknowledged(1))
    assert.equal(source.full, true)
    assert.equal(capacities(), 0)
    first!.settle(acknowledged(1))
    assert.equal(source.full, false)
    assert.equal(capacities(), 1)
  })

  it('sends a message anew as often as told, then as a dead letter with the reason and the bytes', async () => {
    const { source, tracker, take, sent, acks, metrics, errors } = sourceWith({ retries: 2 })
    take('x', 3)
    const first = sent[0]!.message
    for (const attempts of [2, 3]) {
      tracker.last.settle(failed)
      const { stalledMs, ...waiting } = source.waiting
      assert.deepEqual(waiting, { records: 3, retrying: 1, reason: 'the sink is away' })
      assert.ok(stalledMs >= 0)
      await until(() => sent.length === attempts)
      assert.notEqual(sent.at(-1)!.message, first)
      assert.equal(JSON.stringify(sent.at(-1)!.message), JSON.stringify(first))
    }
    tracker.last.settle(failed)
    assert.equal(sent.length, 4)
    assert.equal(sent[3]!.output, 1)
    const letters = sent[3]!.message.payload as Rejection[]
    assert.equal(letters.length, 3)
    assert.equal(letters[0]!.reason.code, 'DELIVERY_EXHAUSTED')
    assert.match(letters[0]!.reason.message, /3 times.*the sink is away \(ECONNREFUSED\)/)
    assert.equal(letters[0]!.attempts, 3)
    assert.equal(letters[0]!.stage, 'mqtt-ingest')
    assert.equal(letters[0]!.raw, RAW)
    assert.deepEqual(letters[0]!.origin, ORIGIN)
    assert.equal(errors.length, 1)
    assert.deepEqual([acks, tracker.ended_], [[], []])
    const { taken } = tracker.last.options
    tracker.last.settle(acknowledged(3))
    assert.deepEqual([acks, tracker.ended_], [['x'], [taken]])
    assert.equal(metrics.rejected, 3)
    assert.equal(metrics.retried, 6)
  })

  it('keeps trying where even the dead letter fails', async () => {
    const { tracker, take, sent, acks } = sourceWith({ retries: 0 })
    take('x')
    tracker.last.settle(failed)
    for (let attempts = 2; attempts < 7; attempts++) {
      assert.equal(sent.at(-1)!.output, 1)
      tracker.last.settle(failed)
      await until(() => sent.length === attempts + 1)
    }
    tracker.last.settle(acknowledged(1))
    assert.deepEqual(acks, ['x'])
  })

  it('never gives up what leaves by the dead-letter output anyway', async () => {
    const { source, tracker, taken, sent, acks } = sourceWith({ retries: 0 })
    source.take({ ...taken('x'), output: 1 })
    for (let attempts = 1; attempts < 5; attempts++) {
      tracker.last.settle(failed)
      await until(() => sent.length === attempts + 1)
      assert.equal(sent.at(-1)!.output, 1)
      assert.equal((sent.at(-1)!.message.payload as { name: string }).name, 'x')
    }
    tracker.last.settle(acknowledged(1, { rejected: 1 }))
    assert.deepEqual(acks, ['x'])
  })

  describe('whose dead-letter output has no wire', () => {
    const unwired = { retries: 1, isWired: (output: number) => output === 0 }

    it('keeps what the flow fails to deal with, says so, and acknowledges it when the flow has dealt with it', async () => {
      const { source, tracker, take, sent, acks, errors, metrics } = sourceWith(unwired)
      take('x', 3)
      for (let attempts = 1; attempts < 7; attempts++) {
        tracker.last.settle(failed)
        assert.equal(source.waiting.reason, 'the sink is away')
        await until(() => sent.length === attempts + 1)
      }
      assert.ok(sent.every(({ output }) => output === 0))
      assert.deepEqual(acks, [])
      assert.equal(errors.length, 1)
      assert.match(
        errors[0]!,
        /no wire leaves output 2 for dead letters.*sent again.*Records: 3\. The first: the sink is away/
      )
      tracker.last.settle(acknowledged(3))
      assert.deepEqual(acks, ['x'])
      assert.deepEqual([metrics.stored, metrics.rejected, metrics.filtered], [3, 0, 0])
    })

    for (const mode of ['finished', 'received'] as const) {
      it(`counts as rejected what is malformed, and says why it is lost, when it acknowledges: ${mode}`, () => {
        const { source, tracker, taken, acks, warnings, metrics } = sourceWith({ ...unwired, mode })
        const rejection = reject(recordOf('x'), 'mqtt-ingest', {
          code: 'JSON_INVALID',
          message: 'It is no JSON.'
        })
        source.take({
          ...taken('x', 2),
          output: 1,
          message: { payload: [rejection, rejection] } as NodeMessage
        })
        if (mode === 'finished') tracker.last.settle(acknowledged(2, { filtered: 2 }))
        assert.deepEqual(acks, ['x'])
        assert.deepEqual([metrics.rejected, metrics.filtered, metrics.inFlight], [2, 0, 0])
        assert.equal(warnings.length, 1)
        assert.match(
          warnings[0]!,
          /lost.*no wire leaves output 2.*: 2\. The first: It is no JSON\./
        )
      })
    }
  })

  it('sends again what a deployment took from it, without counting that as a failure', async () => {
    const { tracker, take, sent } = sourceWith({ retries: 0 })
    take('x')
    for (let attempts = 1; attempts < 4; attempts++) {
      tracker.last.settle(abandoned)
      await until(() => sent.length === attempts + 1)
      assert.equal(sent.at(-1)!.output, 0)
    }
  })

  it('waits while flows are deployed, and then sends in the order it took', () => {
    const { tracker, take, sent } = sourceWith()
    take('before')
    tracker.deploying = true
    take('1')
    take('2')
    assert.equal(sent.length, 1)
    tracker.last.settle(abandoned)
    tracker.flowsStarted()
    assert.deepEqual(
      sent.slice(1).map(({ message }) => (message.payload as { name: string }).name),
      ['before', '1', '2']
    )
  })

  it('acknowledges at once in mode received', () => {
    const { source, tracker, take, sent, acks, metrics } = sourceWith({ mode: 'received' })
    take('x', 2)
    assert.equal(sent.length, 1)
    assert.deepEqual(acks, ['x'])
    assert.equal(source.inFlight, 0)
    assert.equal(tracker.openCount, 0)
    assert.equal(metrics.filtered, 2)
  })

  it('never acknowledges what was in a dropped lane, though it ends well', async () => {
    const { source, tracker, take, acks, metrics, capacities } = sourceWith()
    take('a1', 2, 'a')
    take('a2', 2, 'a')
    take('b1', 1, 'b')
    tracker.open_[1]!.settle(acknowledged(2))
    tracker.open_[0]!.settle(failed)
    source.dropLane('a')
    assert.equal(source.inFlight, 1)
    assert.equal(source.waiting.retrying, 0)
    assert.equal(capacities(), 1)
    tracker.last.settle(acknowledged(1))
    take('a1 again', 2, 'a')
    tracker.last.settle(acknowledged(2))
    assert.deepEqual(acks, ['b1', 'a1 again'])
    assert.equal(metrics.returned, 2)
    assert.equal(metrics.taken, metrics.stored + metrics.inFlight)
  })

  it('gives everything back when it closes', async () => {
    const { source, tracker, take, acks, metrics } = sourceWith()
    take('1')
    take('2')
    tracker.open_[0]!.settle(failed)
    await source.close()
    take('after')
    assert.equal(tracker.openCount, 0)
    assert.equal(tracker.registered, 0)
    assert.equal(metrics.inFlight, 0)
    assert.equal(metrics.taken, 0)
    assert.deepEqual(acks, [])
  })

  it('says so where the protocol fails to acknowledge', () => {
    const { source, tracker, taken, errors } = sourceWith()
    source.take({
      ...taken('x'),
      acknowledge: () => {
        throw new Error('the connection is closed')
      }
    })
    tracker.last.settle(acknowledged(1))
    assert.match(errors[0]!, /could not be acknowledged.*the connection is closed/)
    assert.equal(source.inFlight, 0)
  })

  describe('with a transaction', () => {
    /** A transaction that does as the test says, and notes what it is asked. */
    function transactional(
      script: { begin?: (object | Error | undefined)[]; commit?: Error[] } = {}
    ) {
      const made = sourceWith({ retries: 1 })
      const asked: string[] = []
      const scope = {}
      const transaction = {
        broken: false,
        async begin() {
          asked.push('begin')
          const next = script.begin && script.begin.length > 0 ? script.begin.shift() : scope
          if (next instanceof Error) throw next
          return next
        },
        async commit() {
          asked.push('commit')
          const error = script.commit?.shift()
          if (error) throw error
        }
      }
      made.source.take({ ...made.taken('x', 3), transaction })
      return { ...made, asked, transaction, scope }
    }

    it('begins, gives sinks what to write into, commits, and only then acknowledges', async () => {
      const { tracker, asked, acks, scope, metrics } = transactional()
      await until(() => tracker.openCount === 1)
      assert.equal(tracker.last.options.transaction, scope)
      tracker.last.settle(acknowledged(3))
      assert.deepEqual(acks, [])
      await until(() => acks.length === 1)
      assert.deepEqual(asked, ['begin', 'commit'])
      assert.deepEqual([metrics.stored, metrics.inFlight], [3, 0])
    })

    it('makes another attempt, however often, where the fault is not the flow’s', async () => {
      const lost = new Error('the broker is away')
      const { tracker, asked, acks, sent, metrics, transaction } = transactional({
        begin: [lost, lost, {}, {}, {}],
        commit: [lost]
      })
      await until(() => tracker.openCount === 1)
      tracker.last.settle(acknowledged(3))
      await until(() => asked.length === 5 && tracker.openCount === 1)
      transaction.broken = true
      tracker.last.settle(failed)
      await until(() => asked.length === 6 && tracker.openCount === 1)
      tracker.last.settle(acknowledged(3))
      await until(() => acks.length === 1)
      assert.deepEqual(asked, ['begin', 'begin', 'begin', 'commit', 'begin', 'begin', 'commit'])
      assert.ok(sent.every(({ output }) => output === 0))
      assert.deepEqual([metrics.stored, metrics.rejected, metrics.inFlight], [3, 0, 0])
    })

    it('counts as duplicates what an attempt had committed that seemed to have failed', async () => {
      const { tracker, acks, metrics, sent } = transactional({
        begin: [{}, undefined],
        commit: [new Error('no answer')]
      })
      await until(() => tracker.openCount === 1)
      tracker.last.settle(acknowledged(3))
      await until(() => acks.length === 1)
      assert.deepEqual(
        [metrics.stored, metrics.duplicates, metrics.inFlight, sent.length],
        [0, 3, 0, 1]
      )
    })

    it('writes off what the flow fails to deal with, in a transaction too', async () => {
      const { tracker, asked, acks, sent, metrics } = transactional()
      for (const attempt of [1, 2]) {
        await until(() => sent.length === attempt)
        tracker.last.settle(failed)
      }
      await until(() => sent.length === 3)
      assert.equal(sent[2]!.output, 1)
      tracker.last.settle(acknowledged(3, { rejected: 3 }))
      await until(() => acks.length === 1)
      assert.deepEqual(asked, ['begin', 'begin', 'begin', 'commit'])
      assert.deepEqual([metrics.rejected, metrics.inFlight], [3, 0])
    })

    it('does nothing more of what was given back meanwhile', async () => {
      const { tracker, source, acks, sent } = transactional()
      source.dropLane('lane')
      await new Promise(resolve => setTimeout(resolve, 5))
      assert.deepEqual([tracker.openCount, acks.length, sent.length], [0, 0, 0])
    })
  })
})
