/**
 * Devices that publish and remember what the broker has acknowledged: independent of the palette's
 * own MQTT code.
 */
import { setTimeout as wait } from 'node:timers/promises'
import mqtt, { type IClientPublishOptions } from 'mqtt'

export interface Publication {
  readonly topic: string
  readonly payload: Buffer | string
  readonly properties?: NonNullable<IClientPublishOptions['properties']>
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
 * A device that hears nothing for so long connects anew and sends again what was not acknowledged.
 */
const SILENCE_MS = 15_000

/**
 * Publishes all and resolves when the broker has acknowledged all. A broker that dies is waited
 * for, and what it has not acknowledged is sent again, by MQTT.js when it has reconnected, and by a
 * new connection where that comes to nothing.
 */
export async function publish(
  url: string,
  publications: readonly Publication[],
  options: PublishOptions = {}
): Promise<void> {
  const acknowledged = new Set<number>()
  const acknowledge = (index: number) => {
    if (acknowledged.has(index)) return
    acknowledged.add(index)
    options.onAcknowledged?.(index)
  }
  while (acknowledged.size < publications.length) {
    const open = [...publications.keys()].filter(index => !acknowledged.has(index))
    await attempt(url, publications, open, acknowledge, options)
  }
}

/**
 * Publishes those of these indexes, in order. Resolves when all are acknowledged, or there was
 * silence for too long.
 */
async function attempt(
  url: string,
  publications: readonly Publication[],
  indexes: readonly number[],
  acknowledge: (index: number) => void,
  {
    qos = 1,
    window = 200,
    perSecond,
    clientId = `fleet-${process.pid}-${Math.random().toString(36).slice(2)}`
  }: PublishOptions
): Promise<void> {
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId,
    clean: false,
    reconnectPeriod: 200,
    connectTimeout: SILENCE_MS,
    properties: { sessionExpiryInterval: 3600 }
  })
  client.on('error', () => {})
  const startMs = performance.now()
  let [next, open, done] = [0, 0, 0]
  let heardMs = startMs
  let over = false
  const answered = (index: number) => (error?: Error) => {
    open--
    if (error || over) return
    done++
    heardMs = performance.now()
    acknowledge(index)
  }
  try {
    while (done < indexes.length && performance.now() - heardMs < SILENCE_MS) {
      const allowed =
        perSecond === undefined
          ? indexes.length
          : Math.ceil(((performance.now() - startMs) * perSecond) / 1000)
      while (client.connected && open < window && next < Math.min(allowed, indexes.length)) {
        const index = indexes[next++]!
        const { topic, payload, properties } = publications[index]!
        open++
        client.publish(
          topic,
          payload,
          { qos, ...(properties ? { properties } : {}) },
          answered(index)
        )
      }
      await wait(1)
    }
  } finally {
    over = true
    await client.endAsync(true)
  }
}
