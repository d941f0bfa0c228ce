import type { MillraceError } from '../errors.ts'
import { Link } from './link.ts'
import type { MqttSettings } from './settings.ts'

/** A message that was heard, as the device sent it. */
export interface HeardMessage {
  readonly topic: string
  readonly payload: Buffer
}

const MOST_MESSAGES = 20
const MAX_BYTES = 256_000
/** For the first message; then a little longer, since devices mostly send one after the other. */
const FIRST_MS = 7_000
const FURTHER_MS = 1_500
/** Of a server with all its topics, those that send less often are waited for. */
const EVERYTHING = '#'
const FURTHER_OF_ALL_MS = 4_000

/**
 * Hears what comes to these filters for a few seconds, by a connection and a session of its own
 * that end with it: without acknowledgement, without the shared group, so that no node misses a
 * message by it.
 * @throws MillraceError where the server cannot be reached or refuses the subscription
 */
export async function listen(
  settings: MqttSettings,
  filters: readonly string[],
  signal: AbortSignal
): Promise<HeardMessage[]> {
  const library = await import('mqtt')
  const clientId = `millrace-listen-${Math.random().toString(36).slice(2, 10)}`
  const { birth: _birth, will: _will, ...quiet } = settings
  const heard = new Listening(signal, filters.includes(EVERYTHING))
  let link: Link | undefined
  try {
    await new Promise<void>((resolve, refuse) => {
      link = new Link(
        library,
        { ...quiet, clientId, clean: true, sessionExpiryS: 0 },
        { up: () => resolve(), down: (_link, error: MillraceError) => refuse(error) }
      )
      link.client.on('message', (topic, payload) => heard.take({ topic, payload }))
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
    })
    for (const filter of filters) await link!.subscribe({ filter, qos: 0, retainHandling: 0 })
    return await heard.enough()
  } finally {
    await link?.end(1000)
  }
}

class Listening {
  readonly #messages: HeardMessage[] = []
  readonly #startedMs = performance.now()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #done: () => void = () => undefined

  /** @param isOfAll many kinds of messages may come, some of them much more often than others */
  constructor(
    private readonly signal: AbortSignal,
    private readonly isOfAll: boolean
  ) {}

  take(message: HeardMessage): void {
    if (this.isOfAll && this.#messages.length >= MOST_MESSAGES) this.#makeRoomFor(message)
    const isTooMuch = this.#bytes + message.payload.length > MAX_BYTES
    if (isTooMuch || this.#messages.length >= MOST_MESSAGES) return
    this.#bytes += message.payload.length
    this.#messages.push(message)
    if (this.#messages.length === 1) this.#endAfter(this.#furtherMs)
    if (this.#messages.length === MOST_MESSAGES && !this.isOfAll) this.#done()
  }

  get #furtherMs(): number {
    if (!this.isOfAll) return FURTHER_MS
    // Whoever has asked waits no longer than where one kind of message comes late.
    const leftMs = FIRST_MS - (performance.now() - this.#startedMs)
    return Math.max(FURTHER_MS, Math.min(FURTHER_OF_ALL_MS, leftMs))
  }

  /** A kind that was seldom heard takes the place of one that was often. */
  #makeRoomFor({ topic }: HeardMessage): void {
    const counts = new Map<string, number>()
    for (const each of this.#messages)
      counts.set(kindOf(each.topic), (counts.get(kindOf(each.topic)) ?? 0) + 1)
    const [often, count] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))
    if ((counts.get(kindOf(topic)) ?? 0) + 1 >= count) return
    const at = this.#messages.findIndex(each => kindOf(each.topic) === often)
    const [gone] = this.#messages.splice(at, 1)
    this.#bytes -= gone!.payload.length
  }

  /** The newest first. */
  async enough(): Promise<HeardMessage[]> {
    await new Promise<void>(resolve => {
      this.#done = resolve
      this.signal.addEventListener('abort', () => resolve(), { once: true })
      this.#endAfter(this.#messages.length === 0 ? FIRST_MS : this.#furtherMs)
    })
    clearTimeout(this.#timer)
    return [...this.#messages].reverse()
  }

  #endAfter(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#done(), ms)
  }
}

const kindOf = (topic: string): string => topic.split('/', 1)[0]!
