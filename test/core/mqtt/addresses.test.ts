import assert from 'node:assert/strict'
import { Addresses } from '../../../core/mqtt/addresses.ts'
import { describeServer } from '../../../core/mqtt/describe-server.ts'
import { makes } from '../../brokers.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { until } from '../../until.ts'
import { device, settingsOf, Taker, unique } from './rig.ts'

const urls = ['mqtt://one', 'mqtt://two', 'mqtt://three'].map(text => new URL(text)) as [
  URL,
  ...URL[]
]

describe('several addresses of one server', () => {
  it('are tried in turn, and again from the first', () => {
    const addresses = new Addresses(urls)
    const tried = [addresses.current.host]
    const atOnce = Array.from({ length: 3 }, () => {
      const isNext = addresses.failed()
      tried.push(addresses.current.host)
      return isNext
    })
    assert.deepEqual(tried, ['one', 'two', 'three', 'one'])
    assert.deepEqual(atOnce, [true, true, false])
    addresses.failed()
    assert.equal(addresses.preferred?.host, 'one')
    addresses.lost()
    assert.equal(addresses.current.host, 'one')
    assert.equal(addresses.preferred, undefined)
  })

  for (const make of makes) {
    it(`${make.name}: the next one serves while the first is away, and the first again once it is back`, async function () {
      this.timeout(30_000)
      const url = await make.start()
      const [first, second] = [await MqttTap.before(url), await MqttTap.before(url)]
      const settings = settingsOf(first.url, { others: [new URL(second.url)], lookBackMs: 200 })
      const taker = await new Taker(settings, unique('addresses')).start()
      const { connection } = taker
      assert.equal(connection.elsewhere, undefined)
      await first.close()
      await until('the second to serve', () => connection.elsewhere !== undefined)
      assert.equal(connection.elsewhere, second.url)
      const publisher = await device(url)
      await publisher.publishAsync(taker.filter, 'a', { qos: 1 })
      assert.deepEqual((await taker.took(1)).length, 1)
      const port = Number(new URL(first.url).port)
      const back = await MqttTap.before(url, port)
      await until(
        'the first to serve',
        () => connection.connected && connection.elsewhere === undefined
      )
      await publisher.publishAsync(taker.filter, 'b', { qos: 1 })
      await until('what is published then', () => taker.payloads.includes('b'))
      // Each address has said once why it does not serve.
      const said = taker.lines.map(line => line.replace(/mqtt:\S+/, 'it').split(/[.,;]| as /)[0])
      assert.deepEqual(said, [
        'connected to it',
        'it closed the connection',
        'it connection refused',
        'connected to it',
        'it answers again',
        'connected to it'
      ])
      await publisher.endAsync()
      await connection.close(500)
      await Promise.all([back.close(), second.close()])
      await make.stop()
    })
  }

  it('are tested together, and each says what keeps it', async () => {
    const make = makes[0]!
    const url = await make.start()
    const gone = await MqttTap.before(url)
    await gone.close()
    const settings = settingsOf(url, { others: [new URL(gone.url)] })
    const told = await describeServer(settings, AbortSignal.timeout(10_000))
    assert.match(told, /^Connected to .*connection refused/)
    const none = settingsOf(gone.url, { others: [new URL(gone.url)] })
    await assert.rejects(describeServer(none, AbortSignal.timeout(10_000)), /connection refused/)
    await make.stop()
  })
})
