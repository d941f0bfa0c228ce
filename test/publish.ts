/** Devices that publish and remember what the broker has acknowledged: independent of the palette's own MQTT code. */
import { setTimeout as wait } from 'node:timers/promises'
import mqtt from 'mqtt'

export interface Publication {
  readonly topic: string
  readonly payload: Buffer | string
}

export interface PublishOptions {
  readonly qos?: 1 | 2
  /** How many may be unacknowledged at a time; below the broker's Receive Maximum. */
  readonly window?: number
  /** At most this many a second; as fast as it goes where absent. */
  readonly perSecond?: number
  /** Told of each acknowledgement, by the index of the publication. */
  readonly onAcknowledged?: (index: number) => void
  readonly clientId?: string
}

/**
 * Publishes all and resolves when the broker has acknowledged all. A broker that dies is waited for: MQTT.js sends what
 * was not acknowledged again after it has reconnected.
 */
export async function publish(url: string, publications: readonly Publication[], options: PublishOptions = {}): Promise<void> {
  const {
    qos = 1,
    window = 200,
    perSecond,
    onAcknowledged,
    clientId = `fleet-${process.pid}-${Math.random().toString(36).slice(2)}`
  } = options
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId,
    clean: false,
    reconnectPeriod: 200,
    connectTimeout: 5000,
    properties: { sessionExpiryInterval: 3600 }
  })
  client.on('error', () => {})
  const startMs = performance.now()
  let next = 0
  let open = 0
  const acknowledged = new Set<number>()
  try {
    await new Promise<void>((resolve, refuse) => {
      const acknowledge = (index: number) => {
        // MQTT.js may call back twice for what it sent again after a reconnect.
        if (acknowledged.has(index)) return
        open--
        acknowledged.add(index)
        onAcknowledged?.(index)
        if (acknowledged.size === publications.length) resolve()
        else pump().catch(refuse)
      }
      let pumping = false
      const pump = async () => {
        if (pumping) return
        pumping = true
        while (open < window && next < publications.length) {
          const index = next++
          const { topic, payload } = publications[index]!
          open++
          client.publish(topic, payload, { qos }, error => (error ? refuse(error) : acknowledge(index)))
          if (perSecond !== undefined) {
            const aheadMs = (next * 1000) / perSecond - (performance.now() - startMs)
            if (aheadMs > 5) await wait(aheadMs)
          }
        }
        pumping = false
      }
      client.once('connect', () => pump().catch(refuse))
    })
  } finally {
    await client.endAsync(true)
  }
}
