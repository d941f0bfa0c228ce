import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import type { Rejection } from '../../../core/record/record.ts'
import { Trials } from '../../../core/source/trials.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { Gatherer } from '../../../nodes/sparkplug-ingest/gatherer.ts'
import { Host } from '../../../nodes/sparkplug-ingest/logic.ts'
import { spec } from '../../../nodes/sparkplug-ingest/spec.ts'
import { sourceWith, until } from '../../core/source/scripted-source.ts'
import { acknowledged } from '../../core/source/scripted-tracker.ts'
import { Edge, type Sent } from './edge.ts'

describe('sparkplug-ingest, a message that kills Node-RED', () => {
  const userDir = mkdtempSync(join(tmpdir(), 'millrace-trials-'))
  const options = parseOptions(spec, { broker: 'b', batchSize: 1, maxInFlight: 3, reorderMs: 0 })
  before(loadWire)
  after(() => rmSync(userDir, { recursive: true, force: true }))

  /** One life of Node-RED: it takes what it may of what the server brings. */
  function life(messages: readonly Sent[]) {
    // Shared by the sources of a process, so another one in each life.
    Reflect.deleteProperty(globalThis, Symbol.for('millrace.trial.turn'))
    const given = sourceWith({ maxInFlight: 3 })
    const warnings: string[] = []
    const warn = (sentence: string) => void warnings.push(sentence)
    const trials = new Trials({ nodeId: 'sparkplug', userDir, warn })
    // As edge nodes send them: births are not sent again by the server, but asked for.
    const packets = messages.map(
      ({ topic, payload }) => ({ topic, payload, qos: topic.includes('BIRTH') ? 0 : 1 }) as Received
    )
    const acked: Received[] = []
    const acks = {
      acknowledge: (list: Received[]) => void acked.push(...list),
      rest() {},
      wake() {}
    }
    const host: Host = new Host(options, {
      settled: outcome => gatherer.settled(outcome),
      command: () => true,
      asked: () => {}
    })
    const gatherer: Gatherer = new Gatherer({
      ...options,
      gatherMs: 40,
      fewMs: 40,
      burstMs: 3,
      source: given.source,
      metrics: given.metrics,
      trials,
      warn,
      onTurn: () => {},
      isReading: () => host.isReading,
      receive: (packet, of) => host.receive(packet, of, { atMs: 0, clockMs: 0 })
    })
    let next = 0
    const offer = () => {
      const packet = packets[next]
      if (packet === undefined || !gatherer.offer(packet, acks as unknown as DeferredAcks))
        return false
      next++
      gatherer.flush()
      return true
    }
    /** Until the flow has what it takes, and then what it has is dealt with. */
    const pass = (isOver = () => false) => {
      while (offer());
      if (!isOver()) given.tracker.open_[0]?.settle(acknowledged(1))
    }
    return { ...given, gatherer, trials, warnings, acked, offer, pass, taken: () => next }
  }

  it('is found one at a time from the third start on, and set aside after two more', async () => {
    const edge = new Edge('G', 'E')
    edge.metrics.set('', [{ name: 'a', datatype: 12, string_value: 'x' }])
    const births = edge.births()
    const [one, killer, three] = ['one', 'killer', 'three'].map(text =>
      edge.raw('NDATA', undefined, [{ name: 'a', datatype: 12, string_value: text }])
    ) as [Sent, Sent, Sent]
    /** What the server sends again comes first, and then the births that the host has asked for. */
    const again = () => {
      edge.now += 1000
      return [killer, three, ...edge.births()]
    }
    const isKiller = (payload: unknown) => JSON.stringify(payload).includes('killer')
    // The process ends while these are in the flow.
    for (const start of [1, 2]) {
      const { offer, taken, warnings } = life([...births, one, killer, three])
      while (offer());
      assert.ok(taken() > 1, `start ${start}`)
      assert.deepEqual(warnings, [])
    }
    for (const messages of [[...births, one, killer, three], again()]) {
      const { pass, sent, warnings } = life(messages)
      const isThere = () => sent.some(({ message }) => isKiller(message.payload))
      await until(() => {
        pass(isThere)
        return isThere()
      })
      assert.ok(isKiller(sent.at(-1)!.message.payload))
      assert.match(warnings[0]!, /one at a time|one record at a time/)
    }
    const last = life(again())
    await until(() => {
      last.pass()
      return last.acked.length === 2
    })
    const rejected = last.sent.filter(({ output }) => output === 1)
    const [letter] = rejected.flatMap(({ message }) => message.payload) as Rejection[]
    assert.equal(rejected.length, 1)
    assert.equal(letter!.reason.code, 'RECORD_KILLS')
    assert.equal(letter!.raw?.equals(killer.payload), true)
    assert.ok(last.sent.some(({ message }) => JSON.stringify(message.payload).includes('three')))
  })
})
