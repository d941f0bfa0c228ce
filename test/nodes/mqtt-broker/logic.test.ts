import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { clientsIn } from '../../../nodes/mqtt-broker/examine.ts'
import { brokerOf } from '../../../nodes/mqtt-broker/logic.ts'
import { spec } from '../../../nodes/mqtt-broker/spec.ts'

const environment = (name: string) =>
  ({ MQTT_URL: 'mqtts://user:p%40ss@broker.example', INSTANCE: 'edge-7' })[name]
const optionsOf = (raw: object) => parseOptions(spec, raw as Record<string, unknown>, environment)
const request = { nodeId: 'a1b2', keepSession: true, receiveMaximum: 500 }

describe('mqtt-broker', () => {
  it('makes settings that are the same after every restart', () => {
    const settings = brokerOf(optionsOf({}), undefined).settingsFor(request)
    assert.equal(settings.clientId, 'millrace-a1b2')
    assert.equal(settings.url.href, 'mqtt://127.0.0.1:18883')
    assert.equal(settings.receiveMaximum, 500)
    assert.equal(settings.clean, false)
    assert.equal(settings.birth, undefined)
    assert.equal(settings.will, undefined)
  })

  it('takes address and client id from the environment', () => {
    const broker = brokerOf(
      optionsOf({ url: '${MQTT_URL}', clientId: 'plant-${INSTANCE}' }),
      undefined
    )
    const settings = broker.settingsFor(request)
    assert.equal(settings.clientId, 'plant-edge-7-a1b2')
    assert.equal(settings.username, 'user')
    assert.equal(settings.password, 'p@ss')
    assert.equal(broker.address, 'mqtts://broker.example:8883')
  })

  it('prefers the fields to what the address says', () => {
    const options = optionsOf({ url: '${MQTT_URL}', username: 'plant', password: 'secret' })
    const settings = brokerOf(options, undefined).settingsFor(request)
    assert.deepEqual([settings.username, settings.password], ['plant', 'secret'])
  })

  it('keeps no session for who needs none, or for nobody with a clean start', () => {
    assert.equal(
      brokerOf(optionsOf({}), undefined).settingsFor({ ...request, keepSession: false }).clean,
      true
    )
    assert.equal(
      brokerOf(optionsOf({ cleanStart: true }), undefined).settingsFor(request).clean,
      true
    )
  })

  it('gives each client a birth and a will of its own', () => {
    const options = optionsOf({
      birthTopic: 'state/{client_id}',
      willTopic: 'state/{client_id}',
      willPayload: '{client_id} gone',
      willQos: '2'
    })
    const { birth, will } = brokerOf(options, undefined).settingsFor(request)
    assert.deepEqual(birth, {
      topic: 'state/millrace-a1b2',
      payload: 'online',
      qos: 1,
      retain: true
    })
    assert.deepEqual(will, {
      topic: 'state/millrace-a1b2',
      payload: 'millrace-a1b2 gone',
      qos: 2,
      retain: true
    })
  })

  const wrong: [string, object, RegExp][] = [
    [
      'no URL',
      { url: 'broker.example' },
      /Address: "broker\.example" is no URL: it must begin with mqtt:\/\//
    ],
    ['another protocol', { url: 'amqp://broker' }, /Address: must begin with mqtt:\/\//],
    ['no host', { url: 'mqtt://' }, /Address: /],
    [
      'a variable that is not set',
      { url: '${NO_SUCH}' },
      /the environment variable NO_SUCH is not set/
    ],
    [
      'TLS that is not there',
      { url: 'mqtts://broker', tls: 'gone' },
      /TLS: the TLS configuration is missing/
    ],
    ['a client id that no server takes', { clientId: 'a b' }, /Client id: must be without spaces/],
    [
      'a wildcard in a topic to publish to',
      { willTopic: 'state/+' },
      /Will topic: must be a topic without wildcards/
    ]
  ]
  for (const [what, raw, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => brokerOf(optionsOf(raw), undefined),
        (error: unknown) => error instanceof OptionsError && message.test(error.message)
      )
    })
  }

  it('refuses TLS for an address without', () => {
    assert.throws(
      () => brokerOf(optionsOf({ tls: 'some' }), {}),
      /only counts with mqtts:\/\/ or wss:\/\//
    )
  })
})

describe('how many clients a server tells of', () => {
  const heard = (...counts: [topic: string, payload: string][]) =>
    clientsIn(counts.map(([topic, payload]) => ({ topic, payload: Buffer.from(payload) })))
  const one = '$SYS/broker/clients/connected'
  const of = (node: string) => `$SYS/brokers/${node}/stats/connections.count`

  it('is the newest count of each topic', () => {
    assert.equal(heard([one, '7'], [one, '6'], [one, '5']), 7)
    assert.equal(heard([of('a'), '3'], [of('b'), '4'], [of('a'), '9']), 7)
    assert.equal(heard([one, '0']), 0)
  })

  it('is unknown where none is a number', () => {
    assert.equal(heard([one, ''], [one, 'many']), undefined)
    assert.equal(heard(), undefined)
  })
})
