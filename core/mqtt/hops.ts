import { createHash, randomBytes } from 'node:crypto'

/**
 * Which mqtt ingest nodes a message came through: a user property of what is published, and a
 * header on the way there, over Kafka too. A node that finds itself in it has led to the message.
 */
export const VIA = 'mqtt.via'

/** Of a longer way the beginning is left out: then a loop goes round a little longer. */
const MOST_HOPS = 32
const NAME_LETTERS = 11
const WAY = /^[\w-]{11}(,[\w-]{11})*$/

interface Settings {
  readonly settings?: object
}

/** The names of the nodes of one Node-RED. */
export class Hops {
  readonly #names = new Map<string, string>()
  readonly #instance: string

  constructor({ settings }: Settings) {
    this.#instance = instanceOf(settings)
  }

  /** The same after each start; another one in another Node-RED that has the same flow. */
  nameOf(nodeId: string): string {
    let name = this.#names.get(nodeId)
    if (name === undefined) {
      const digest = createHash('sha256').update(`${this.#instance}\0${nodeId}`).digest('base64url')
      name = digest.slice(0, NAME_LETTERS)
      this.#names.set(nodeId, name)
    }
    return name
  }
}

const OF_THIS_PROCESS = randomBytes(8).toString('hex')

/** Node-RED gives itself an id at its first start. */
function instanceOf(settings: object | undefined): string {
  const { get } = (settings ?? {}) as { get?: (name: string) => unknown }
  try {
    const id = get?.('instanceId')
    if (typeof id === 'string' && id !== '') return id
  } catch {
    // It has no settings that are kept.
  }
  return OF_THIS_PROCESS
}

interface Told {
  readonly userProperties?: Readonly<Record<string, unknown>>
}

/** The way of a message that arrives; undefined where it says none. */
export function wayOf(properties: Told | undefined): string | undefined {
  return fittingWay(properties?.userProperties?.[VIA])
}

/** Whoever writes to the server or to Kafka can tell anything, and it goes on with each message. */
export function fittingWay(told: unknown): string | undefined {
  const isWay = typeof told === 'string' && told.length <= MOST_BYTES && WAY.test(told)
  return isWay ? told : undefined
}
const MOST_BYTES = MOST_HOPS * (NAME_LETTERS + 1)

/** Whether a way leads through this node. */
export const leadsThrough = (way: string | undefined, name: string): boolean =>
  way?.split(',').includes(name) ?? false

/** The way of what a node makes of a message that has come this way. */
export const further = (way: string | undefined, name: string): string =>
  way === undefined ? name : [...way.split(',').slice(1 - MOST_HOPS), name].join(',')
