import { createHash, randomBytes } from 'node:crypto'
import { fittingWay, NAME_LETTERS, VIA } from '../record/ways.ts'

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
