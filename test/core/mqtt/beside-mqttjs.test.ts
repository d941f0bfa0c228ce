/**
 * The same bytes to two clients: one that mqtt.js alone reads for, and one with our reader before
 * it. What comes out, goes back to the server and ends the connection has to be the same.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import mqtt, { type MqttClient } from 'mqtt'
import { DeferredAcks, type Received } from '../../../core/mqtt/deferred-ack.ts'
import { MQTT_JS_VERSION, PublishReader } from '../../../core/mqtt/publish-reader.ts'
import { SessionMemory } from '../../../core/mqtt/session-memory.ts'

type Version = 4 | 5
const fromMqttJs = createRequire(createRequire(import.meta.url).resolve('mqtt'))
const { generate } = fromMqttJs('mqtt-packet') as {
  generate(packet: object, options: { protocolVersion: Version }): Buffer
}

const ALIASES = 5
const id = fc.integer({ min: 1, max: 65_535 })
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(bytes => Buffer.from(bytes))
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
/** All that a PUBLISH may have (MQTT 5.0, 3.3.2.3). */
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.integer({ min: 0, max: 0xffffffff }),
    topicAlias: fc.integer({ min: 1, max: ALIASES - 1 }),
    responseTopic: text,
    correlationData: bytes(20),
    userProperties: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 9 }),
      fc.oneof(text, fc.array(text, { minLength: 2, maxLength: 3 })),
      { noNullPrototype: true }
    ),
    subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }),
    contentType: text
  },
  { requiredKeys: [] }
)
const publish = (payload: number) =>
  fc.record(
    {
      cmd: fc.constant('publish'),
      topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
      payload: bytes(payload),
      qos: fc.constantFrom(0, 1, 2),
      retain: fc.boolean(),
      dup: fc.boolean(),
      messageId: id,
      properties
    },
    { requiredKeys: ['cmd', 'topic', 'payload', 'qos', 'retain', 'dup', 'messageId'] }
  )
const pingresp = { cmd: 'pingresp' }
const others = fc.oneof(
  fc.constant(pingresp),
  id.map(messageId => ({ cmd: 'pubrel', messageId })),
  id.map(messageId => ({ cmd: 'puback', messageId })),
  id.map(messageId => ({ cmd: 'suback', messageId, granted: [1] }))
)
const packets = (payload: number) =>
  fc.array(fc.oneof({ weight: 6, arbitrary: publish(payload) }, others), { maxLength: 15 })

/** Of the server: it accepts the connection, then all of these and a few pings. */
const stream = (all: readonly object[], protocolVersion: Version): Buffer =>
  Buffer.concat(
    [{ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: true }, ...all]
      .concat([pingresp, pingresp, pingresp] as never[])
      .map(packet => generate(packet, { protocolVersion }))
  )

class Scene {
  /** Messages, and a fault that ends the connection. */
  readonly out: unknown[] = []
  readonly sent: Buffer[] = []
  readonly client: MqttClient
  readonly stream = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => {
      this.sent.push(chunk)
      done()
    }
  })
  acks: DeferredAcks | undefined
  fault: string | undefined
  #offers = 0

  constructor(
    isBefore: boolean,
    protocolVersion: Version,
    private readonly hasRoom: () => boolean = () => true
  ) {
    const properties =
      protocolVersion === 5 ? { properties: { topicAliasMaximum: ALIASES, receiveMaximum: 9 } } : {}
    this.client = new mqtt.MqttClient(() => this.stream, {
      protocolVersion,
      protocolId: 'MQTT',
      clientId: 'one',
      keepalive: 0,
      clean: false,
      reconnectPeriod: 0,
      manualConnect: true,
      ...properties
    })
    if (isBefore) assert.ok(PublishReader.before(this.client))
    this.client.on('error', error => {
      if (this.fault === undefined) this.out.push(error.message)
      this.fault ??= error.message
      this.stream.destroy()
    })
    this.client.on('close', () => this.acks?.end())
    this.client.on('packetreceive', ({ cmd }) => {
      if (cmd === 'connack') this.#take()
    })
    this.client.connect()
    this.sent.length = 0
  }

  #take(): void {
    const acks: DeferredAcks = new DeferredAcks(this.client, new SessionMemory(), packet => {
      // mqtt.js goes on with what it has read; that comes again on the next connection.
      if (this.fault !== undefined) return true
      this.#offers++
      if (!this.hasRoom()) {
        setImmediate(() => acks.resume())
        return false
      }
      this.out.push(shown(packet))
      acks.acknowledge([packet])
      return true
    })
    this.acks = acks
  }

  async read(bytes: Buffer, cuts: Iterator<number>): Promise<this> {
    for (let at = 0; at < bytes.length; ) {
      const end = at + cuts.next().value!
      this.stream.push(bytes.subarray(at, end))
      at = end
    }
    for (let still = 0; still < 20; ) {
      const before = this.#steps
      await nextTurn()
      still = before === this.#steps ? still + 1 : 0
    }
    this.stream.destroy()
    return this
  }

  get #steps(): number {
    return this.out.length + this.sent.length + this.#offers
  }

  get all() {
    return { out: this.out, sent: Buffer.concat(this.sent).toString('hex') }
  }
}

const shown = ({ topic, payload, qos, retain, dup, messageId, length, properties }: Received) => ({
  topic,
  payload: payload.toString('hex'),
  qos,
  retain,
  dup,
  messageId,
  length,
  properties: properties && { ...properties, userProperties: { ...properties.userProperties } }
})

const always = function* (length: number): Generator<number> {
  for (;;) yield length
}
const cuts = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2000 })), {
    minLength: 20,
    maxLength: 20
  })
  .map(lengths => ({
    *[Symbol.iterator]() {
      for (;;) yield* lengths
    }
  }))
const rooms = fc.infiniteStream(fc.boolean())
const version = fc.constantFrom<Version>(4, 5)

const aliased = (topic: string, topicAlias: number) =>
  generate(
    { cmd: 'publish', topic, payload: 'a', qos: 0, properties: { topicAlias } },
    { protocolVersion: 5 }
  )
/** What no server may send. */
const faults = {
  'another protocol': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'a packet of no type': Buffer.from([0, 0]),
  'a length without end': Buffer.from([0x30, 255, 255, 255, 255, 1]),
  'a quality of service that there is not': Buffer.from([0x36, 6, 0, 1, 65, 0, 1, 0]),
  'a topic longer than its packet': Buffer.from([0x32, 3, 255, 255, 65]),
  'a packet without its topic': Buffer.from([0x30, 0]),
  'a property that there is not': Buffer.from([0x30, 6, 0, 1, 65, 2, 0x7f, 1]),
  'a release with wrong flags': Buffer.from([0x60, 2, 0, 1]),
  'an alias above the most': aliased('a', ALIASES + 1),
  'an alias of no topic': Buffer.from([0x30, 7, 0, 0, 3, 0x23, 0, ALIASES, 65]),
  'a second acceptance': Buffer.from([0x20, 3, 0, 0, 0])
}

describe('core/mqtt/publish-reader beside mqtt.js', function () {
  this.timeout(60_000)

  it('is made for the mqtt.js that is installed', () => {
    assert.equal(mqtt.MqttClient.VERSION, MQTT_JS_VERSION)
  })

  it('gives and answers the same, however the packets are cut and whenever there is room', async () => {
    await fc.assert(
      fc.asyncProperty(version, packets(2000), cuts, rooms, async (version, all, cuts, rooms) => {
        const bytes = stream(all, version)
        const alone = await new Scene(false, version).read(bytes, always(bytes.length))
        const hasRoom = () => rooms.next().value
        const before = await new Scene(true, version, hasRoom).read(bytes, cuts[Symbol.iterator]())
        assert.deepEqual(before.all, alone.all)
      }),
      { numRuns: 150, endOnFailure: true }
    )
  })

  it('gives the same cut anywhere in two', async () => {
    const [first, second] = [200, 20_000].map(length => ({
      cmd: 'publish',
      topic: 'plant/line',
      payload: Buffer.alloc(length, 'x'),
      qos: 1,
      messageId: length
    }))
    const bytes = stream([first!, pingresp, { ...first, properties: { contentType: 'a' } }], 5)
    const long = stream([second!], 5)
    const ofLong = (await new Scene(true, 5).read(long, always(1))).all
    assert.deepEqual(ofLong, (await new Scene(false, 5).read(long, always(long.length))).all)
    const { all } = await new Scene(false, 5).read(bytes, always(bytes.length))
    assert.equal(all.out.length, 2)
    for (let cut = 1; cut < bytes.length; cut++) {
      const before = new Scene(true, 5)
      before.stream.push(bytes.subarray(0, cut))
      assert.deepEqual((await before.read(bytes.subarray(cut), always(bytes.length))).all, all)
    }
  })

  for (const [what, bytes] of Object.entries(faults))
    it(`ends a connection for the same reason at ${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(packets(100), packets(100), cuts, async (some, more, cuts) => {
          const wrong = Buffer.concat([stream(some, 5), bytes, stream(more, 5)])
          // A byte at a time, so that all before a fault is dealt with when it comes. Otherwise
          // mqtt.js tells of a fault before the messages that came with it: these come again.
          const alone = await new Scene(false, 5).read(wrong, always(1))
          const before = await new Scene(true, 5).read(wrong, cuts[Symbol.iterator]())
          assert.equal(typeof alone.fault, 'string')
          assert.equal(before.fault, alone.fault)
          const taken = before.out.slice(0, -1)
          assert.deepEqual(taken, alone.out.slice(0, taken.length))
        }),
        { numRuns: 15, endOnFailure: true }
      )
    })

  it('reads no further while a message waits for room, however often it is to wake', async () => {
    const message = { cmd: 'publish', topic: 'a', payload: Buffer.alloc(1000), qos: 0 }
    const all = stream(Array(5000).fill(message), 5)
    const scene = new Scene(true, 5, () => false)
    for (let at = 0; at < all.length; at += 1000) scene.stream.push(all.subarray(at, at + 1000))
    for (let turn = 0; turn < 300; turn++) {
      await nextTurn()
      scene.acks?.rest()
      scene.acks?.wake()
    }
    const left = scene.stream.readableLength
    scene.stream.destroy()
    assert.ok(left > 4_900_000, `${left} bytes were left`)
  })

  it('steps aside where mqtt.js is another', () => {
    const build = () => new Duplex()
    class Another extends mqtt.MqttClient {
      static override VERSION = '6.0.0'
    }
    const another = new Another(build, { manualConnect: true })
    assert.equal(PublishReader.before(another), false)
    assert.equal(Reflect.get(another, 'streamBuilder'), build)
    const changed = new mqtt.MqttClient(build, { manualConnect: true })
    Reflect.set(changed, 'streamBuilder', undefined)
    assert.equal(PublishReader.before(changed), false)
  })
})
