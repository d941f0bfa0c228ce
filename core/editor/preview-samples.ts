import { type Answered, askRuntime } from './ask.ts'
import { say } from './texts-of.ts'

/** A message to choose from. */
export interface Offered {
  readonly label: string
  readonly topic: string
  readonly payload: unknown
  readonly taken?: unknown
}

interface Samples extends Answered {
  readonly from?: string
  readonly samples?: readonly {
    seenMs: number
    topic: string
    records: number
    cut: boolean
    payload: unknown
    taken: unknown
  }[]
  readonly examples?: readonly { name: string; topic: string; payload: unknown }[]
}

/** What the node has seen, or the nearest node before it, and its examples. */
export async function offeredFor(type: string, id: string): Promise<Offered[]> {
  const {
    from,
    samples = [],
    examples = []
  } = (await askRuntime<Samples>(`millrace/preview/${type}`, {
    action: 'samples',
    id,
    before: nodesBefore(id)
  })) as Samples
  const place = from === id ? say('seenHere') : say('seenBefore')
  const seen = samples.map(({ seenMs, topic, records, cut, payload, taken }) => {
    const facts = [
      `${place}, ${new Date(seenMs).toLocaleTimeString()}`,
      ...(topic === '' ? [] : [topic]),
      ...(records > 1 ? [`${records} ${say('records')}`] : []),
      ...(cut ? [say('shortened')] : [])
    ]
    return { label: facts.join(' · '), topic, payload, taken }
  })
  return [
    ...seen,
    ...examples.map(({ name, topic, payload }) => ({
      label: `${say('example')}: ${name}`,
      topic,
      payload
    }))
  ]
}

const MOST_NODES = 20

/** The ids of the nodes whose wires lead here, the nearest first. */
function nodesBefore(id: string): string[] {
  const found = [id]
  for (let at = 0; at < found.length && found.length <= MOST_NODES; at++) {
    const target = window.RED.nodes.node(found[at]!)
    if (!target) continue
    for (const { source } of window.RED.nodes.filterLinks({ target }))
      if (!found.includes(source.id)) found.push(source.id)
  }
  return found.slice(1)
}
