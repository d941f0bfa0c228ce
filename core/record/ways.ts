import type { Message } from './message.ts'
import { lastHeader, provenanceOf } from './record.ts'

/**
 * Which mqtt ingest nodes a message came through: a user property of what is published, and a
 * header on the way there, over Kafka too. A node that finds itself in it has led to the message.
 */
export const VIA = 'mqtt.via'

/** Of a longer way the beginning is left out: then a loop goes round a little longer. */
export const MOST_HOPS = 32
export const NAME_LETTERS = 11
const WAY_TEXT = /^[\w-]{11}(,[\w-]{11})*$/
const MOST_BYTES = MOST_HOPS * (NAME_LETTERS + 1)

/** Whoever writes to the server or to Kafka can tell anything, and it goes on with each message. */
export function fittingWay(told: unknown): string | undefined {
  const isWay = typeof told === 'string' && told.length <= MOST_BYTES && WAY_TEXT.test(told)
  return isWay ? told : undefined
}

/** The way of what a node makes of a message that has come this way. */
export const further = (way: string | undefined, name: string): string =>
  way === undefined ? name : [...way.split(',').slice(1 - MOST_HOPS), name].join(',')

/** Whether a way leads through this node. */
export const leadsThrough = (way: string | undefined, name: string): boolean =>
  way?.split(',').includes(name) ?? false

/** On a message whose records say nothing of where they came from, since they were made anew. */
const WAY: unique symbol = Symbol.for('millrace.way')

/** The way that such a message says its records have come. */
export const wayOfMessage = (message: object): string | undefined =>
  fittingWay((message as { [WAY]?: unknown })[WAY])

/**
 * The ways of all that came to a node which makes records of several: a result that comes back to
 * one of these nodes would go round, as another result, at each window.
 */
export class WaysTaken {
  #last: string | undefined
  #all: string | undefined

  /** A message has come, of whose records the first tells. */
  take({ payload }: Message): void {
    const taken = provenanceOf(Array.isArray(payload) ? payload[0] : payload)?.taken
    const way = taken && fittingWay(lastHeader(taken.headers, VIA)?.toString())
    if (way === undefined || way === this.#last) return
    this.#last = way
    for (const name of way.split(','))
      if (!leadsThrough(this.#all, name)) this.#all = further(this.#all, name)
  }

  /** The message of what was made, which says the way. */
  on(message: Message): Message {
    return this.#all === undefined ? message : { ...message, [WAY]: this.#all }
  }
}
