import mqtt, { type MqttClient } from 'mqtt'
import { contentOf } from '../../core/sparkplug/publisher.ts'
import type { Edge, Sent } from './edge.ts'

/** An edge node with a connection: its will is its death, and it answers the rebirth command. */
export class LiveEdge {
  #client: MqttClient | undefined
  rebirths = 0
  /** How the commands came. */
  readonly commands: { qos: number; retain: boolean }[] = []

  constructor(
    readonly edge: Edge,
    private readonly url: string
  ) {}

  async connect(): Promise<this> {
    const { topic, payload } = this.edge.ndeath()
    const client = await mqtt.connectAsync(this.url, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      will: { topic, payload, qos: 1, retain: false }
    })
    this.#client = client
    client.on('error', () => {})
    client.on('message', (_topic, bytes, { qos, retain }) => {
      this.commands.push({ qos, retain })
      const [command] = contentOf(bytes).metrics
      if (command?.name !== 'Node Control/Rebirth' || command.boolean_value !== true) return
      this.rebirths++
      this.publish(...this.edge.births())
    })
    await client.subscribeAsync(`spBv1.0/${this.edge.group}/NCMD/${this.edge.name}`, { qos: 1 })
    return this
  }

  publish(...messages: Sent[]): void {
    for (const { topic, payload } of messages) this.#client?.publish(topic, payload, { qos: 0 })
  }

  /** The connection breaks, so the server publishes the will. */
  die(): void {
    this.#client?.stream.destroy()
  }

  async end(): Promise<void> {
    await this.#client?.endAsync(true)
  }
}
