import assert from 'node:assert/strict'
import {
  changeWarning,
  formerLeft,
  formerWaits,
  MAY_BE_SAME
} from '../../../core/mqtt/session-notices.ts'
import type { MqttSettings } from '../../../core/mqtt/settings.ts'
import { StaleSubscriptions } from '../../../core/mqtt/stale-subscriptions.ts'
import { settingsOf } from './rig.ts'

describe('sessions: when a former subscription may be left', () => {
  let nowMs: number
  let stale: StaleSubscriptions
  beforeEach(() => {
    nowMs = 0
    stale = new StaleSubscriptions()
    stale.begin(['old'], nowMs)
  })
  const beat = (taken: number, open: number, full = false) => {
    nowMs += 1000
    return stale.due({ taken, open, full }, nowMs)
  }
  /** Messages without a pause, up to now. */
  const stream = (full = false) => {
    for (let atMs = nowMs; atMs < nowMs + 1000; atMs += 100) stale.arrived(atMs, full)
  }

  it('once the server has paused, and all that had come by then is acknowledged', () => {
    assert.deepEqual([beat(10, 10), beat(10, 10)], [[], []], 'it may be slow to begin')
    assert.deepEqual(beat(20, 11), [])
    assert.deepEqual(beat(30, 11), [], '19 of the 20 are acknowledged')
    assert.deepEqual(beat(40, 20), ['old'])
    assert.equal(stale.exist, false)
  })

  it('not while messages come without a pause, though the flow keeps up: it may be a backlog', () => {
    for (let second = 1; second < 60; second++) {
      stream()
      stale.arrived(nowMs + 999, false)
      assert.deepEqual(beat(second * 1000, 0), [], `in second ${second}`)
    }
    stream()
    assert.deepEqual(beat(60_000, 0), ['old'], 'but not for ever')
  })

  it('not while the server is held back, and not by what was seen before', () => {
    assert.deepEqual([beat(10, 0), beat(10, 10, true), beat(20, 0), beat(20, 0)], [[], [], [], []])
    stream(true)
    stale.arrived(nowMs + 999, false)
    assert.deepEqual([beat(30, 0), beat(30, 0)], [[], []])
    assert.deepEqual(beat(30, 0), ['old'])
  })

  it('not by what was seen on a connection that broke', () => {
    assert.deepEqual([beat(10, 0), beat(10, 0)], [[], []])
    stale.begin(['old'], nowMs)
    assert.deepEqual([beat(10, 0), beat(10, 0)], [[], []])
    assert.deepEqual(beat(10, 0), ['old'])
  })
})

describe('sessions: what is said of the session a node had before', () => {
  const place = { path: ['tab', 'node'], type: 'millrace-mqtt-ingest' }
  const server = 'mqtt://127.0.0.1:1883'
  const before = {
    server,
    clientId: 'one',
    filters: new Set<string>(),
    broker: 'b',
    place,
    expiryS: 600,
    open: 3
  }
  const now = (more: Partial<MqttSettings>) =>
    changeWarning(before, settingsOf('mqtt://127.0.0.1:1883', { clientId: 'one', ...more }))

  it('nothing where it is the same, also where it is to end with the connection', () => {
    assert.equal(now({}), undefined)
    assert.equal(now({ sessionExpiryS: 0 }), undefined)
  })
  it('that a clean start ends it', () =>
    assert.match(now({ clean: true }) ?? '', /ends with the clean start/))
  it('nothing where the client id is another: that session is ended by itself', () =>
    assert.equal(now({ clientId: 'two' }), undefined))
  it('what waits in the one that ends, as far as it was counted', () => {
    const told = (messages: number, isAll: boolean) => formerWaits(before, { messages, isAll })
    assert.match(told(0, true), /Nothing waits in it, so it ends\./)
    assert.match(told(1, true), /: 1 message waits in it\. They are taken now/)
    assert.match(told(3, false), /: at least 3 messages wait in it\. They are taken now/)
  })
  it('that it stays, with what waits in it, where only the address is another', () =>
    assert.match(
      formerLeft(before, MAY_BE_SAME),
      /At least 3 messages wait in it\. If it is another/
    ))
})
