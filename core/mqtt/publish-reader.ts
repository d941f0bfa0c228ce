import type { Duplex, Writable } from 'node:stream'
import type { MqttClient } from 'mqtt'
import { frameEnd, NO_PACKET, publishIn } from './publish-packet.ts'

/** What is read here stands in the inner form of mqtt.js; others are left as they are. */
export const MQTT_JS_VERSION = '5.16.0'

/**
 * Reads what a server sends before mqtt.js does: messages of the usual kind are handed over from
 * here, in a fifth of the time that mqtt.js takes for one; all other packets go on to it as they
 * came. The order of all is kept: what mqtt.js is given it has dealt with before the next message
 * is handed over.
 *
 * Whoever takes messages tells when there is room for the next one by calling back, as with
 * mqtt.js; until then nothing more is read.
 */
export class PublishReader {
  #bytes: Buffer = NOTHING
  #at = 0
  /** Chunks behind `bytes`, of a packet that has not come whole or while nothing is read. */
  #more: Buffer[] = []
  #moreBytes = 0
  /** So many bytes from `at` on are needed to read on. */
  #needed = 1
  /** Somebody has not called back. */
  #isHeld = false
  #isReading = false
  /** It sends no packets: mqtt.js says what is wrong. */
  #isRubbish = false

  constructor(
    private readonly client: MqttClient,
    private readonly stream: Duplex,
    private readonly rest: Writable
  ) {
    // mqtt.js needs no end: it listens to the stream for that, and what is held may be read later.
    stream.on('data', (chunk: Buffer) => this.#add(chunk))
  }

  /**
   * Has the client, which is not connected yet, read by such a reader; not where it is of another
   * version than the one known here.
   */
  static before(client: MqttClient): void {
    if ((client.constructor as { VERSION?: string }).VERSION !== MQTT_JS_VERSION) return
    const made = client as unknown as { streamBuilder(client: MqttClient): Duplex }
    const build = made.streamBuilder
    made.streamBuilder = of => {
      const stream = build(of)
      stream.pipe = <T extends NodeJS.WritableStream>(to: T): T => {
        new PublishReader(client, stream, to as unknown as Writable)
        return to
      }
      return stream
    }
  }

  #add(chunk: Buffer): void {
    this.#more.push(chunk)
    this.#moreBytes += chunk.length
    if (this.#isHeld) this.stream.pause()
    else if (this.#bytes.length - this.#at + this.#moreBytes >= this.#needed) this.#read()
  }

  #read(): void {
    this.#isReading = true
    this.#join()
    // mqtt.js destroys the stream at a fault of the server: nothing behind that counts.
    while (!this.#isHeld && !this.stream.destroyed && this.#step()) {}
    this.#isReading = false
    if (this.#isHeld) this.stream.pause()
    else if (this.#at === this.#bytes.length) {
      this.#bytes = NOTHING
      this.#at = 0
    }
  }

  /** One buffer of all that has come and was not read. */
  #join(): void {
    if (this.#moreBytes > 0) {
      const left = this.#bytes.subarray(this.#at)
      const all = left.length > 0 ? [left, ...this.#more] : this.#more
      this.#bytes = all.length === 1 ? all[0]! : Buffer.concat(all)
      this.#at = 0
      this.#more = []
      this.#moreBytes = 0
    }
  }

  /** Deals with the next message, or with all packets before it; false where none has come whole. */
  #step(): boolean {
    const from = this.#at
    if (this.#isRubbish) return this.#pass(from, this.#bytes.length)
    for (;;) {
      const at = this.#at
      const end = frameEnd(this.#bytes, at)
      if (end === NO_PACKET) this.#isRubbish = true
      if (end === undefined || end === NO_PACKET || end > this.#bytes.length) {
        this.#needed = (end ?? this.#bytes.length + 1) - at
        return this.#pass(from, at) || this.#isRubbish
      }
      const message = this.#isTaken && publishIn(this.#bytes, at, end, this.#hasProperties)
      if (message) {
        if (this.#pass(from, at)) return true
        this.#at = end
        this.#isHeld = true
        this.client.emit('packetreceive', message)
        this.client.handleMessage(message, this.#goOn)
        return true
      }
      this.#at = end
    }
  }

  /** Gives packets to mqtt.js; false where there are none. */
  #pass(from: number, end: number): boolean {
    this.#at = end
    if (from === end) return false
    this.#isHeld = true
    this.rest.write(this.#bytes.subarray(from, end), this.#goOn)
    return true
  }

  readonly #goOn = (): void => {
    this.#isHeld = false
    if (this.#isReading) return
    this.#read()
    if (!this.#isHeld) this.stream.resume()
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
