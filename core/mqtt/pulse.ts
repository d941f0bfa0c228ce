import type { MqttClient } from 'mqtt'

/** After so long without a packet the server is asked for a sign of life. */
const ASK_MS = 4000
/**
 * A server that has owed a sign of life for so long is waited for; together with the time to ask
 * this is below ten seconds.
 */
export const SILENT_MS = 7000

export const silentText = (silentMs: number): string =>
  `no answer for ${Math.round(silentMs / 1000)} s`

/**
 * For how long a server has owed an answer. The keepalive finds a dead one only after one and a
 * half times its interval; who looks at the node is to know it within ten seconds, though the
 * connection is not given up before.
 */
export class Pulse {
  #heard = true
  #sinceMs = 0
  #hasAsked = false

  constructor(private readonly client: Pick<MqttClient, 'on' | 'sendPing'>) {
    client.on('packetreceive', () => {
      this.#heard = true
    })
  }

  /** Call about once a second. `isReading`: answers would be seen. */
  beat(nowMs: number, isReading: boolean): number {
    if (this.#heard || !isReading) {
      this.#heard = false
      this.#hasAsked = false
      this.#sinceMs = nowMs
      return 0
    }
    const silentMs = nowMs - this.#sinceMs
    if (!this.#hasAsked && silentMs >= ASK_MS) {
      this.#hasAsked = true
      this.client.sendPing()
    }
    return this.#hasAsked ? silentMs : 0
  }
}
