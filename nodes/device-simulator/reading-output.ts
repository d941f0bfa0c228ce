import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { ConnectionEvents } from '../../core/mqtt/client.ts'
import { Publisher } from '../../core/mqtt/publisher.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { type Origin, PROVENANCE, Provenance, type Taken } from '../../core/record/record.ts'
import type { Reading } from './fleet.ts'

/** Where readings go. */
export interface ReadingOutput {
  readonly connected: boolean
  /** What is wrong with the connection; undefined if nothing is, or nothing is known yet. */
  readonly problem: Error | undefined
  /** Call about once a second: for how long the server has owed an answer, in ms. */
  silentMs(): number
  /**
   * Messages sent, copies included; acknowledged by the server; refused by it; sent and neither.
   */
  readonly counts: {
    readonly published: number
    readonly acknowledged: number
    readonly refused: number
    readonly inFlight: number
  }
  /** False if there is no room. */
  send(reading: Reading): boolean
  /** Sends what was gathered. */
  flush(): void
  close(): Promise<void>
}

/** Open messages at a time; the server may allow fewer. */
const WINDOW = 1000

export interface MqttOutputOptions {
  readonly broker: MqttBroker
  readonly nodeId: string
  readonly qos: Qos
  log(line: string, isProblem: boolean): void
  refused(error: Error): void
}

/** Publishes readings over a connection of its own. */
export function mqttOutput({
  broker,
  nodeId,
  qos,
  log,
  refused
}: MqttOutputOptions): ReadingOutput {
  const publisher = new Publisher({
    window: WINDOW,
    onRoom: () => {},
    onRefused: (_message, error) => refused(error)
  })
  let problem: Error | undefined
  const events: ConnectionEvents = {
    ready: link => {
      problem = undefined
      publisher.attach(link)
    },
    lost: error => {
      problem = error
      publisher.detach()
    },
    log
  }
  const connection = broker.connection({ nodeId, keepSession: false, receiveMaximum: 1 }, events)
  connection.start()
  return {
    get connected() {
      return connection.connected
    },
    get problem() {
      return problem ?? connection.rival
    },
    silentMs: () => connection.beat(true),
    get counts() {
      const { published, acknowledged, refused: refusals, inFlight } = publisher
      return { published, acknowledged, refused: refusals, inFlight }
    },
    send: ({ topic, payload }) => publisher.publish({ topic, payload, qos, retain: false }),
    flush: () => {},
    close: () => connection.close(3000)
  }
}

/** Gathers readings and hands them on as records, many at a time; what is not JSON stays text. */
export function flowOutput(emit: (records: unknown[]) => void): ReadingOutput {
  let gathered: unknown[] = []
  let published = 0
  return {
    connected: true,
    problem: undefined,
    silentMs: () => 0,
    get counts() {
      return { published, acknowledged: published, refused: 0, inFlight: 0 }
    },
    send(reading) {
      gathered.push(recordOf(reading))
      published++
      return true
    },
    flush() {
      if (gathered.length === 0) return
      const records = gathered
      gathered = []
      emit(records)
    },
    close: async () => {}
  }
}

function recordOf({ topic, payload }: Reading): unknown {
  let record: unknown
  try {
    record = JSON.parse(payload)
  } catch {
    return payload
  }
  const origin: Origin = { kind: 'simulator', topic }
  const taken: Taken = { origin, key: null, headers: {}, raw: Buffer.from(payload) }
  ;(record as { [PROVENANCE]?: Provenance })[PROVENANCE] = new Provenance({ at: () => taken }, 0)
  return record
}
