import assert from 'node:assert/strict'
import mqtt from 'mqtt'
import { payloadOf, topicOf, usualShape } from '../../bench/fleet.ts'
import { publishPackets, stamp } from '../../bench/publisher/packets.ts'
import { Publisher } from '../../bench/publisher/publisher.ts'
import { MqttTap, recordsIn } from '../mqtt-tap.ts'
import { services } from '../services.ts'

describe('the publisher of the benchmark', () => {
  it('has records of about 110 bytes', () => {
    const { length } = payloadOf(123_456, 1_708_700_000_000, usualShape)
    assert.ok(length > 100 && length < 120, `${length} bytes`)
  })

  it('fills payloads up to the size asked for, and is still JSON', () => {
    const text = payloadOf(7, 1_708_700_000_000, { devices: 10, values: 3, payloadBytes: 1_000 })
    assert.equal(text.length, 1_000)
    const { value, value_2, value_3, ts } = JSON.parse(text) as Record<string, number>
    assert.deepEqual(
      { value, value_2, value_3, ts },
      { value: 7, value_2: 7.02, value_3: 7.03, ts: 1_708_700_000_000 }
    )
  })

  it('writes the time of sending over the time in the packet', () => {
    const packets = publishPackets(5, 3, 2, usualShape, 1_600_000_000_000)
    stamp(packets, 1, 1_712_345_678_901)
    const text = packets.bytes.subarray(packets.starts[1], packets.starts[2]).toString('latin1')
    const record = JSON.parse(text.slice(text.indexOf('{'))) as { value: number; ts: number }
    assert.deepEqual([record.value, record.ts], [7, 1_712_345_678_901])
  })

  it('publishes every record once, in order per device, at the rate asked for', async function () {
    this.timeout(120_000)
    const { url } = (await services('mqtt')).mqtt
    const tap = await MqttTap.before(url)
    const shape = { ...usualShape, devices: 20 }
    const run = Date.now().toString(36)
    const heard = new Set<number>()
    const listener = await mqtt.connectAsync(url, { protocolVersion: 5 })
    await listener.subscribeAsync(topicOf(0).replace(/^acme\/[^/]+\/[^/]+\/[^/]+/, 'acme/+/+/+'), {
      qos: 1
    })
    const all = new Promise<void>(resolve => {
      let count = 0
      listener.on('message', (_topic, payload) => {
        heard.add((JSON.parse(payload.toString()) as { value: number }).value)
        if (++count === 400) resolve()
      })
    })
    const job = {
      url: tap.url,
      clientId: `bench-test-${run}`,
      from: 0,
      count: 400,
      shape,
      firstMs: 1_700_000_000_000,
      stampTime: true,
      perSecond: 1_000,
      window: 100,
      connections: 2
    }
    const { startedMs, finishedMs } = await (await Publisher.prepare(job)).go().finished
    await all
    await listener.endAsync()
    await tap.close()
    assert.ok(finishedMs - startedMs >= 390, `took ${finishedMs - startedMs} ms`)
    assert.equal(heard.size, 400)
    const sent = recordsIn<{ device_id: string; value: number }>(tap.of('client', 'publish'))
    const byDevice = new Map<string, number[]>()
    for (const { device_id, value } of sent)
      byDevice.set(device_id, [...(byDevice.get(device_id) ?? []), value])
    assert.equal(byDevice.size, 20)
    for (const [device, values] of byDevice)
      assert.deepEqual(
        values,
        [...values].sort((a, b) => a - b),
        device
      )
  })
})
