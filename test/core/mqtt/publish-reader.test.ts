import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import type { MqttClient } from 'mqtt'
import { PublishReader } from '../../../core/mqtt/publish-reader.ts'
import type { Received } from '../../../core/mqtt/session-memory.ts'

interface Message {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly dup: boolean
  readonly messageId: number
}

function lengthOf(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.from(bytes)
}

const number = (value: number) => Buffer.from([value >> 8, value & 255])
const packet = (first: number, body: Buffer) =>
  Buffer.concat([Buffer.from([first]), lengthOf(body.length), body])

/** MQTT 5.0, 3.3. */
function publish({ topic, payload, qos, retain, dup, messageId }: Message, properties?: Buffer) {
  const name = Buffer.from(topic)
  const id = qos === 0 ? [] : [number(messageId)]
  const body = [number(name.length), name, ...id, ...(properties ? [properties] : []), payload]
  return packet(0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), Buffer.concat(body))
}

const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  payload: fc
    .oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 9000, maxLength: 9999 }))
    .map(bytes => Buffer.from(bytes)),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  dup: fc.boolean(),
  messageId: fc.integer({ min: 1, max: 65_535 })
})
const NONE = Buffer.from([0])
/** A payload format indicator. */
const SOME = Buffer.from([2, 1, 1])
/** PINGRESP, SUBACK, PUBREL. */
const OTHERS = [
  Buffer.from([0xd0, 0]),
  packet(0x90, Buffer.from([0, 7, 0, 1])),
  packet(0x62, Buffer.from([0, 9]))
]
type Sent = { readonly message?: Message; readonly bytes: Buffer }
const sent: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 5, arbitrary: message.map(message => ({ message, bytes: publish(message, NONE) })) },
  message.map(message => ({ bytes: publish(message, SOME) })),
  fc.constantFrom(...OTHERS).map(bytes => ({ bytes }))
)

/** What has come out, in its order: messages, and bytes that are left to mqtt.js. */
class Stage {
  readonly out: (Received | Buffer)[] = []
  readonly stream = new PassThrough({ highWaterMark: 1 << 20 })
  readonly client = Object.assign(new EventEmitter(), {
    options: { protocolVersion: 5 }
  }) as unknown as MqttClient

  constructor(private readonly back: (goOn: () => void) => void) {
    const rest = new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        this.out.push(bytes)
        this.back(done)
      }
    })
    new PublishReader(this.client, this.stream, rest)
  }

  take(): this {
    this.client.handleMessage = (received, goOn) => {
      this.out.push(received)
      this.back(goOn)
    }
    return this
  }

  /** Resolves once nothing more comes out. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 30; ) {
      const before = this.out.length
      await nextTurn()
      still = before === this.out.length ? still + 1 : 0
    }
  }

  /** The same with the bytes that stand side by side as one. */
  get joined(): unknown[] {
    return joined(this.out)
  }
}

function joined(parts: readonly (object | Buffer)[]): unknown[] {
  const all: unknown[] = []
  for (const part of parts) {
    const before = all.at(-1)
    if (Buffer.isBuffer(part) && Buffer.isBuffer(before))
      all[all.length - 1] = Buffer.concat([before, part])
    else all.push(part)
  }
  return all
}

/** Bytes of a packet behind its fixed header. */
const remaining = ({ length }: Buffer) =>
  [1, 2, 3, 4].map(own => length - 1 - own).find((rest, own) => lengthOf(rest).length === own + 1)

const expected = ({ message, bytes }: Sent) =>
  message === undefined
    ? bytes
    : {
        cmd: 'publish',
        ...message,
        length: remaining(bytes),
        messageId: message.qos === 0 ? undefined : message.messageId
      }

describe('core/mqtt/publish-reader', () => {
  it('gives messages and leaves the rest to mqtt.js, in order, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent, { maxLength: 12 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 400 })),
        fc.infiniteStream(fc.boolean()),
        async (all, cuts, atOnce) => {
          const stage = new Stage(goOn =>
            atOnce.next().value ? goOn() : setImmediate(goOn)
          ).take()
          const bytes = Buffer.concat(all.map(({ bytes }) => bytes))
          for (let at = 0; at < bytes.length; ) {
            const end = at + cuts.next().value
            stage.stream.write(bytes.subarray(at, end))
            at = end
          }
          const wanted = joined(all.map(expected))
          await stage.quiet()
          assert.deepEqual(stage.joined, wanted)
        }
      ),
      { numRuns: 100, endOnFailure: true }
    )
  })

  const one = {
    payload: Buffer.from('1'),
    qos: 1,
    retain: false,
    dup: false,
    messageId: 7
  } as const

  it('leaves all to mqtt.js until somebody takes the messages', async () => {
    const stage = new Stage(goOn => goOn())
    const bytes = publish({ ...one, topic: 'a' }, NONE)
    stage.stream.write(bytes)
    await stage.quiet()
    stage.take()
    stage.stream.write(bytes)
    await stage.quiet()
    assert.deepEqual(stage.joined[0], bytes)
    assert.equal((stage.joined[1] as Received).topic, 'a')
  })

  it('hands over no message before there was room for the one before it', async () => {
    const waiting: (() => void)[] = []
    const stage = new Stage(goOn => waiting.push(goOn)).take()
    for (const topic of ['a', 'b', 'c']) stage.stream.write(publish({ ...one, topic }, NONE))
    await stage.quiet()
    assert.equal(stage.out.length, 1)
    for (let count = 1; count < 3; count++) {
      waiting.pop()!()
      await stage.quiet()
      assert.equal(stage.out.length, count + 1)
    }
  })

  for (const [what, bytes] of Object.entries({
    'another protocol': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    'a length without end': Buffer.from([0x30, 255, 255, 255, 255, 255, 1]),
    'a topic longer than its packet': packet(0x30, Buffer.from([255, 255, 65])),
    'a quality of service that there is not': packet(0x36, Buffer.from([0, 1, 65, 0, 1, 0]))
  }))
    it(`leaves ${what} to mqtt.js`, async () => {
      const stage = new Stage(goOn => goOn()).take()
      stage.stream.write(bytes)
      await stage.quiet()
      assert.ok(stage.out.every(part => Buffer.isBuffer(part)))
    })
})
