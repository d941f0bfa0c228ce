import { type Hops, wayOf } from '../../core/mqtt/hops.ts'
import { isPublishedBy } from '../../core/mqtt/published-by.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { Options } from '../../core/node/spec.ts'
import { leadsThrough } from '../../core/record/ways.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { spec } from './spec.ts'

type Own = Options<typeof spec>['own']
type Packet = Parameters<typeof isPublishedBy>[0] & { readonly topic: string }

const LEFT_OUT = 'left out as published here'

const WHY = {
  loops: 'what this node had taken before led to it, so it would go round',
  never: 'an mqtt publish node with the same server node published it'
} as const

/** For the log, so that somebody who waits for them finds out why they do not come. */
const sentence = (own: Exclude<Own, 'always'>, messages: number, topic: string): string =>
  messages === 1
    ? `A message was left out, since ${WHY[own]} ("Published here"): "${topic}".`
    : `${messages} messages were left out, the first since ${WHY[own]} ("Published here"): "${topic}".`

/**
 * Whether what is published may come here again: where the node takes all of a tree, or one of
 * these topics, with fields in braces, is of its filter. Elsewhere no message has to carry its way,
 * which costs a header of each that goes to Kafka.
 */
export const maySeeOwn = (own: Own, filter: string, published: readonly string[]): boolean =>
  own === 'never' ||
  (own === 'loops' &&
    (/(^|\/)#$/.test(filter) || published.some(topic => meets(filter.split('/'), topic))))

function meets(filter: readonly string[], published: string): boolean {
  // A variable of the environment may stand for several levels.
  if (published.includes('${')) return true
  const topic = published.split('/')
  return (
    filter.length === topic.length &&
    filter.every(
      (level, index) => level === '+' || /[{}]/.test(topic[index]!) || level === topic[index]
    )
  )
}

export interface OwnOptions {
  readonly id: string
  readonly options: { readonly own: Own; readonly broker: string }
  readonly metrics: Pick<NodeMetrics, 'gauges'>
  readonly node: { log(line: string): void; warn(line: string): void }
}

/** Recognises what the flow has published itself: taken again, it might go round for ever. */
export class OwnPublishes {
  readonly #name: string
  readonly #notice: ThrottledNotice
  /** What is published may come here again: told anew whenever flows have started. */
  mayCome = false

  constructor(
    private readonly own: OwnOptions,
    hops: Hops
  ) {
    const { id, options, node } = own
    this.#name = hops.nameOf(id)
    // A loop in the flow is news once; that it is cut goes on as long as messages come.
    let tell = (line: string) => (options.own === 'loops' ? node.warn(line) : node.log(line))
    this.#notice = new ThrottledNotice((messages, topic) => {
      if (options.own !== 'always') tell(sentence(options.own, messages, topic))
      tell = line => node.log(line)
    })
  }

  /** The name of the node on the way of a message; undefined where nobody asks for the way. */
  get hop(): string | undefined {
    return this.mayCome && this.own.options.own === 'loops' ? this.#name : undefined
  }

  /** Messages so far that were left out. */
  get leftOut(): number {
    return this.own.metrics.gauges.get(LEFT_OUT) ?? 0
  }

  /** Whether this message is left out; counts it. */
  has(packet: Packet): boolean {
    if (packet.properties?.userProperties === undefined || !this.#isOwn(packet)) return false
    this.own.metrics.gauges.set(LEFT_OUT, this.leftOut + 1)
    this.#notice.add(1, packet.topic)
    return true
  }

  end(): void {
    this.#notice.end()
  }

  #isOwn(packet: Packet): boolean {
    const { own, broker } = this.own.options
    if (own === 'loops') return leadsThrough(wayOf(packet.properties), this.#name)
    return own === 'never' && isPublishedBy(packet, broker)
  }
}

/** MQTT 3.1.1 has no place for it, so a person is told what may come of it. */
export const unknownOwn = (publishers: number): string =>
  `With MQTT 3.1.1 this node cannot tell what ${publishers === 1 ? 'an mqtt publish node' : 'mqtt publish nodes'} with the same server node ${publishers === 1 ? 'publishes' : 'publish'}, and takes it again where its topics have it. Give them topics that this node does not take, or use MQTT 5.`
