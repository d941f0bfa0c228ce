import type { Duplex, Writable } from 'node:stream'
import type { MqttClient } from 'mqtt'
import { frameEnd, isPublish, NO_PACKET, publishIn } from './publish-packet.ts'

/** The inner form of mqtt.js that this relies on; a client of another version is left as it is. */
export const MQTT_JS_VERSION = '5.16.0'

/**
 * Before so much has come the stream goes on while a message is held, as before mqtt.js: one that
 * is paused with something in it does not tell that the connection has ended.
 */
const KEPT_BYTES = 16_384

/** What is relied on, of a client that has not connected yet. */
interface Unconnected {
  readonly constructor: { readonly VERSION?: unknown }
  readonly stream?: unknown
  streamBuilder?: (client: MqttClient) => Duplex
}

/**
 * Reads what a server sends before mqtt.js does: messages of the usual kind are handed over from
 * here, in a fifth of the time that mqtt.js takes for one; all else goes on to it as it came. The
 * order of all is kept: what mqtt.js is given it has dealt with before the next message is handed
 * over.
 *
 * Whoever takes messages tells when there is room for the next one by calling back, as with
 * mqtt.js; until then nothing more is read.
 */
export class PublishReader {
  /** What has come and is not dealt with begins here, at `at`. */
  #bytes: Buffer = NOTHING
  #at = 0
  /** Chunks behind `bytes`, while a message has not come whole or nothing is read. */
  #more: Buffer[] = []
  #moreBytes = 0
  /** So many bytes from `at` on are needed to read on. */
  #needed = 1
  /** So many bytes from `at` on are for mqtt.js; endless once no packets come. */
  #notOurs = 0
  /** Somebody has not called back. */
  #isHeld = false
  #isReading = false
  #hasPaused = false

  constructor(
    private readonly client: MqttClient,
    private readonly stream: Duplex,
    private readonly rest: Writable
  ) {
    // mqtt.js needs no end: it listens to the stream for that, and what is held may be read later.
    stream.on('data', (chunk: Buffer) => this.#add(chunk))
  }

  /**
   * Has a client that is not connected yet read by such a reader; false where mqtt.js is not the
   * one known here, whose client then reads by itself.
   */
  static before(client: MqttClient): boolean {
    const made = client as unknown as Unconnected
    const build = made.streamBuilder
    const isKnown = made.constructor.VERSION === MQTT_JS_VERSION && typeof build === 'function'
    if (!isKnown || made.stream) return false
    made.streamBuilder = of => {
      const stream = build.call(client, of)
      // Of all that mqtt.js does with its stream only this brings it what comes.
      stream.pipe = <T extends NodeJS.WritableStream>(to: T): T => {
        new PublishReader(client, stream, to as unknown as Writable)
        return to
      }
      return stream
    }
    return true
  }

  #add(chunk: Buffer): void {
    this.#more.push(chunk)
    this.#moreBytes += chunk.length
    if (this.#isHeld) this.#pause()
    else if (this.#keptBytes >= this.#needed) this.#read()
  }

  /** What has come and is not dealt with. */
  get #keptBytes(): number {
    return this.#bytes.length - this.#at + this.#moreBytes
  }

  #read(): void {
    this.#isReading = true
    this.#join()
    // mqtt.js destroys the stream at a fault of the server: nothing behind that counts.
    while (!this.#isHeld && !this.stream.destroyed && this.#step()) {}
    this.#isReading = false
    if (this.#isHeld) this.#pause()
    else if (this.#at === this.#bytes.length) {
      this.#bytes = NOTHING
      this.#at = 0
    }
  }

  /** One buffer of all that has come and is not dealt with. */
  #join(): void {
    if (this.#moreBytes === 0) return
    const left = this.#bytes.subarray(this.#at)
    const all = left.length > 0 ? [left, ...this.#more] : this.#more
    this.#bytes = all.length === 1 ? all[0]! : Buffer.concat(all)
    this.#at = 0
    this.#more = []
    this.#moreBytes = 0
  }

  /** Hands over the next message, or all that comes before it; false where there is neither. */
  #step(): boolean {
    const from = this.#at
    const message = this.#next()
    const { client } = this
    if (this.#pass(from)) return true
    if (message === undefined) return false
    this.#at += message.bytes
    this.#isHeld = true
    client.emit('packetreceive', message.packet)
    client.handleMessage(message.packet, this.#goOn)
    return true
  }

  /** The next message, which begins at `at` then: what is for mqtt.js before it is passed over. */
  #next() {
    const bytes = this.#bytes
    while (this.#at < bytes.length) {
      const at = this.#at
      if (this.#notOurs === 0) {
        const end = frameEnd(bytes, at)
        if (end === undefined) return this.#needs(bytes.length + 1 - at)
        if (end === NO_PACKET) this.#notOurs = Number.POSITIVE_INFINITY
        else if (!isPublish(bytes[at]!) || !this.#isTaken) this.#notOurs = end - at
        else if (end > bytes.length) return this.#needs(end - at)
        else {
          const packet = publishIn(bytes, at, end, this.#hasProperties)
          if (packet !== undefined) return { packet, bytes: end - at }
          this.#notOurs = end - at
        }
      }
      const passed = Math.min(this.#notOurs, bytes.length - at)
      this.#notOurs -= passed
      this.#at += passed
    }
    return this.#needs(1)
  }

  #needs(bytes: number): undefined {
    this.#needed = bytes
  }

  /** Gives mqtt.js what stands before `at`; false where that is nothing. */
  #pass(from: number): boolean {
    if (from === this.#at) return false
    this.#isHeld = true
    this.rest.write(this.#bytes.subarray(from, this.#at), this.#goOn)
    return true
  }

  readonly #goOn = (): void => {
    this.#isHeld = false
    // Later, so that whoever made room is done with that before the next message takes it.
    if (!this.#isReading) process.nextTick(this.#readOn)
  }

  readonly #readOn = (): void => {
    if (this.#isHeld) return
    this.#read()
    if (this.#isHeld || !this.#hasPaused) return
    this.#hasPaused = false
    this.stream.resume()
  }

  /** Not where others let the stream rest: they wake it. */
  #pause(): void {
    if (this.#keptBytes < KEPT_BYTES || this.stream.isPaused()) return
    this.#hasPaused = true
    this.stream.pause()
  }

  /** Somebody has taken the messages out of mqtt.js' hands. */
  get #isTaken(): boolean {
    return Object.hasOwn(this.client, 'handleMessage')
  }
  /** MQTT 5 has them in each message. */
  get #hasProperties(): boolean {
    return this.client.options.protocolVersion === 5
  }
}

const NOTHING = Buffer.alloc(0)
