import { isPublishedBy } from '../../core/mqtt/published-by.ts'
import type { Options } from '../../core/node/spec.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { spec } from './spec.ts'

type Own = Options<typeof spec>['own']

/** For the log, so that somebody who waits for them finds out why they do not come. */
const sentence = (messages: number, topic: string): string =>
  messages === 1
    ? `A message was published by an mqtt publish node with the same server node, and was left out ("Published here"): "${topic}".`
    : `${messages} messages were published by mqtt publish nodes with the same server node, and were left out ("Published here"), the first to "${topic}".`

/** Whether messages that the same server node has published are left out. */
export const leavesOut = (own: Own, filter: string): boolean =>
  own === 'never' || (own === 'wide' && /(^|\/)#$/.test(filter))

/** Recognises what the flow has published itself: taken again, it might go round for ever. */
export class OwnPublishes {
  readonly #notice: ThrottledNotice

  constructor(
    private readonly brokerId: string,
    log: (line: string) => void
  ) {
    this.#notice = new ThrottledNotice((messages, topic) => log(sentence(messages, topic)))
  }

  has(packet: Parameters<typeof isPublishedBy>[0] & { readonly topic: string }): boolean {
    if (!isPublishedBy(packet, this.brokerId)) return false
    this.#notice.add(1, packet.topic)
    return true
  }

  end(): void {
    this.#notice.end()
  }
}

/** MQTT 3.1.1 has no place for it, so a person is told what may come of it. */
export const unknownOwn = (publishers: number): string =>
  `With MQTT 3.1.1 this node cannot tell what ${publishers === 1 ? 'an mqtt publish node' : 'mqtt publish nodes'} with the same server node ${publishers === 1 ? 'publishes' : 'publish'}, and takes it again where its topics have it. Give them topics that this node does not take, or use MQTT 5.`
