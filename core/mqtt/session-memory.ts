import { isDeepStrictEqual } from 'node:util'
import type { IPublishPacket } from 'mqtt'

/** A message of the server; `topic` is complete even where the server used a topic alias. */
export type Received = IPublishPacket

/** A connection, as far as it answers the server. */
interface Answering {
  acknowledge(packets: readonly Received[]): void
}

/**
 * What a session knows over its connections; a new session starts with none of it.
 *
 * When a connection breaks, what it had brought goes on through the flow, and the server sends it
 * again on the next one, under the same packet id and with DUP (MQTT 5.0, 4.4). That is recognised
 * here: it does not go into the flow a second time, and where it came last it is acknowledged once
 * the flow is done with it.
 *
 * Not so ActiveMQ Artemis 2.55: it sends again as if it were new, and after it was restarted with
 * DUP under ids of other messages. That only the same is taken for the same keeps the number of
 * messages right there too.
 */
export class SessionMemory {
  /** QoS 2 messages that were recorded (PUBREC) and not released yet (PUBREL), by packet id. */
  readonly #recorded = new Map<number, Received>()
  /** Of the last connection, not acknowledged and not sent again yet, by packet id. */
  readonly #lost = new Map<number, Received>()
  /** Those of `lost` that the flow is done with. */
  readonly #finished = new Set<Received>()
  /** What the flow has that was sent again, and the connection that brought it last. */
  readonly #again = new Map<Received, Answering>()
  /** Finished while their connection was breaking. */
  #tooLate: Received[] = []
  /**
   * This connection brought something else than what was lost: the server has sent all of that
   * again that it will.
   */
  #isPast = false

  /** PUBREC is being sent: the message is ours. */
  record(packet: Received): void {
    this.#recorded.set(packet.messageId!, packet)
  }

  /** PUBREL has come. */
  release(id: number): void {
    this.#recorded.delete(id)
  }

  /**
   * True if the server sends again what was recorded, which is then to be answered and not taken.
   */
  isRecorded(packet: Received): boolean {
    const before = this.#recorded.get(packet.messageId!)
    this.#recorded.delete(packet.messageId!)
    return isSame(before, packet)
  }

  /** A connection has ended, and the flow still has these of it. */
  ended(open: Iterable<Received>): void {
    if (this.#isPast) {
      this.#lost.clear()
      this.#finished.clear()
    }
    this.#isPast = false
    for (const packet of this.#again.keys()) this.#lost.set(packet.messageId!, packet)
    for (const packet of open) if (packet.qos > 0) this.#lost.set(packet.messageId!, packet)
    for (const packet of this.#tooLate) {
      this.#lost.set(packet.messageId!, packet)
      this.#finished.add(packet)
    }
    this.#again.clear()
    this.#tooLate = []
  }

  /**
   * True if the flow has, or had, this message from the connection before: it is acknowledged from
   * here.
   */
  isAgain(packet: Received, acks: Answering): boolean {
    if (packet.qos === 0) return false
    const first = this.#lost.size === 0 ? undefined : this.#lost.get(packet.messageId!)
    if (first === undefined || !isSame(first, packet)) {
      this.#isPast = true
      if (first !== undefined) this.#lost.delete(packet.messageId!)
      return false
    }
    this.#lost.delete(packet.messageId!)
    if (this.#finished.delete(first)) acks.acknowledge([first])
    else this.#again.set(first, acks)
    return true
  }

  /** The flow is done with these, whose connection has ended. */
  finished(packets: readonly Received[]): void {
    const answers = new Map<Answering, Received[]>()
    for (const packet of packets) {
      const acks = this.#again.get(packet)
      if (acks !== undefined) {
        this.#again.delete(packet)
        const list = answers.get(acks)
        if (list === undefined) answers.set(acks, [packet])
        else list.push(packet)
      } else if (this.#lost.get(packet.messageId!) === packet) this.#finished.add(packet)
    }
    for (const [acks, list] of answers) acks.acknowledge(list)
  }

  /** The flow is done with these, whose connection is breaking: `ended` is still to come. */
  finishedTooLate(packets: readonly Received[]): void {
    for (const packet of packets) if (packet.qos > 0) this.#tooLate.push(packet)
  }
}

/**
 * A message that is sent again has DUP (MQTT 5.0, 3.3.1.1), and is the same. Otherwise it is
 * another whose id was used before: Artemis forgets a handshake that a broken connection
 * interrupts.
 */
function isSame(
  before: Received | undefined,
  { dup, topic, payload, retain, properties }: Received
): boolean {
  if (before === undefined || !dup || before.topic !== topic || before.retain !== retain)
    return false
  return (
    (before.payload as Buffer).equals(payload as Buffer) &&
    isDeepStrictEqual(lasting(before.properties), lasting(properties))
  )
}

/** Those that do not change when a message is sent again. */
function lasting({
  topicAlias: _,
  subscriptionIdentifier: __,
  messageExpiryInterval: ___,
  ...rest
}: Received['properties'] = {}): object {
  return rest
}
