import type { MqttClient } from 'mqtt'
import { rest, wake } from './resting-stream.ts'
import type { Received, SessionMemory } from './session-memory.ts'

export type { Received }

/**
 * Takes a message over; false if there is no room for it, then it is offered again after `resume`.
 */
export type Take = (packet: Received) => boolean

const PUBACK = 0x40
const PUBREC = 0x50
/** Calling back with an error makes mqtt.js go on without sending PUBACK. */
const DEFERRED = new Error('acknowledged later')

/**
 * Takes the acknowledgements of one connection out of mqtt.js' hands: it sends PUBACK and PUBREC as
 * soon as a message has been handed over, we when the flow has stored it.
 *
 * - QoS 1: `handleMessage` calls back with an error, so that no PUBACK goes out; `acknowledge`
 *   sends it later.
 * - QoS 2: mqtt.js would send PUBREC at once and keep the message in memory until PUBREL; a crash
 *   in between loses it, since after PUBREC the server no longer has it. So the packet is shown to
 *   mqtt.js as QoS 1, and `acknowledge` sends PUBREC. To the PUBREL of a message that it does not
 *   know mqtt.js answers with PUBCOMP, which ends the handshake.
 * - No room: the callback is kept, which stops mqtt.js and with it the reading of the socket. The
 *   answers to its pings wait behind what is not read, for many short holds as for a long one, so
 *   that it would take the server for dead. From the first hold until half a keepalive has passed
 *   without one, the pings are sent from here and nobody waits for answers.
 */
export class DeferredAcks {
  #held: { packet: Received; callback: (error?: Error) => void } | undefined
  #pinger: NodeJS.Timeout | undefined
  /** There was a hold since the last ping of the pinger. */
  #hasHeld = false
  #ended = false
  #isResting = false
  #isToWake = false
  /** Packet ids of QoS 2 that were taken and not acknowledged yet. */
  readonly #exactlyOnce = new Set<number>()
  readonly #topics = new Map<number, string>()

  constructor(
    private readonly client: MqttClient,
    private readonly memory: SessionMemory,
    private readonly take: Take
  ) {
    client.on('packetreceive', packet => {
      if (packet.cmd === 'publish' && packet.qos === 2) {
        packet.qos = 1
        this.#exactlyOnce.add(packet.messageId!)
      } else if (packet.cmd === 'pubrel') memory.release(packet.messageId!)
    })
    client.handleMessage = (packet, callback) => this.#handle(packet, callback)
  }

  /** True while a message waits for room. */
  get holding(): boolean {
    return this.#held !== undefined
  }

  /**
   * Sends the acknowledgements of these messages in this order, in one write. If the connection has
   * ended, those that came again are acknowledged on the connection that brought them last.
   */
  acknowledge(packets: readonly Received[]): void {
    if (this.#ended) {
      this.memory.finished(packets)
      return
    }
    const { client } = this
    // What is written after DISCONNECT, or to a socket that is gone, reaches nobody.
    if (!client.connected || client.disconnecting || !client.stream.writable) {
      this.memory.finishedTooLate(packets)
      return
    }
    const bytes = Buffer.allocUnsafe(packets.length * 4)
    let length = 0
    for (let index = 0; index < packets.length; index++) {
      const { qos, messageId } = packets[index]!
      if (qos === 0) continue
      if (qos === 2) {
        this.#exactlyOnce.delete(messageId!)
        this.memory.record(packets[index]!)
      }
      length = encode(bytes, length, qos, messageId!)
    }
    // One write of 4 bytes each: mqtt.js takes five writes for one PUBACK. Success needs no reason
    // code (MQTT 5.0, 3.4.2.1).
    if (length > 0) client.stream.write(length === bytes.length ? bytes : bytes.subarray(0, length))
  }

  /**
   * Leaves what comes in the socket until `wake`. A server that gets its messages one by one sends
   * them so, and to wake for each costs more than to deal with it.
   */
  rest(): void {
    if (this.#isResting || this.#ended) return
    this.#isResting = true
    rest(this.client.stream)
  }
  /** What came meanwhile is read at once; where a message waits for room, once it has some. */
  wake(): void {
    if (!this.#isResting) return
    this.#isToWake = this.holding
    if (this.#isToWake) return
    this.#isResting = false
    wake(this.client.stream)
  }

  /** There is room again. */
  resume(): void {
    const held = this.#held
    if (held === undefined || this.#ended) return
    this.#held = undefined
    this.#offer(held.packet, held.callback)
    if (this.#isToWake && !this.holding) this.wake()
  }

  /**
   * The connection has ended: what was not acknowledged comes again on the next one. The flow still
   * has the `open` messages of it.
   */
  end(open: Iterable<Received> = []): void {
    this.#held = undefined
    this.wake()
    if (!this.#ended) this.memory.ended(open)
    this.#ended = true
    clearInterval(this.#pinger)
  }

  #handle(packet: Received, callback: (error?: Error) => void): void {
    // After the end mqtt.js still hands over what it had read. The server sends it again; not
    // calling back stops mqtt.js.
    if (this.#ended) return
    if (packet.properties?.topicAlias !== undefined)
      this.#resolveAlias(packet, packet.properties.topicAlias)
    if (
      packet.qos === 1 &&
      this.#exactlyOnce.size > 0 &&
      this.#exactlyOnce.has(packet.messageId!)
    ) {
      packet.qos = 2
      if (this.memory.isRecorded(packet)) {
        this.acknowledge([packet])
        callback(DEFERRED)
        return
      }
    }
    this.#offer(packet, callback)
  }

  /** mqtt.js gives the topic of an alias to its 'message' event only. */
  #resolveAlias(packet: Received, alias: number): void {
    if (packet.topic === '') packet.topic = this.#topics.get(alias) ?? ''
    else this.#topics.set(alias, packet.topic)
  }

  #offer(packet: Received, callback: (error?: Error) => void): void {
    if (this.take(packet)) callback(DEFERRED)
    else this.#hold(packet, callback)
  }

  #hold(packet: Received, callback: (error?: Error) => void): void {
    this.#held = { packet, callback }
    this.#hasHeld = true
    // What the server has asked for goes before the settings (MQTT 5.0, 3.2.2.3.14).
    const { keepalive } = this.client
    if (this.#pinger !== undefined || keepalive <= 0) return
    this.client.reschedulePing(true)
    this.#pinger = setInterval(() => this.#ping(), keepalive * 500)
  }

  #ping(): void {
    this.client.sendPing()
    this.client.reschedulePing(true)
    if (!this.#hasHeld) {
      clearInterval(this.#pinger)
      this.#pinger = undefined
    }
    this.#hasHeld = this.holding
  }
}

function encode(bytes: Buffer, at: number, qos: 1 | 2, id: number): number {
  bytes[at] = qos === 2 ? PUBREC : PUBACK
  bytes[at + 1] = 2
  bytes[at + 2] = id >> 8
  bytes[at + 3] = id & 0xff
  return at + 4
}
