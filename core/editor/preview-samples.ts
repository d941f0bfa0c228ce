import { type Answered, askRuntime } from './ask.ts'
import { heardBy } from './heard.ts'
import type { EditorNode } from './red.ts'
import { say } from './texts-of.ts'
import { jsonOf, taggedIn, textOfBytes } from './written-text.ts'

/** What the runtime is given of a message: as it was written, or as text or bytes. */
export interface GivenSample {
  readonly topic: string
  readonly payload?: unknown
  readonly taken?: unknown
  readonly text?: string
  readonly bytes?: string
}

/** A message to choose from. */
export interface Offered {
  readonly label: string
  readonly given: GivenSample
  /** As a person reads and changes it. */
  readonly text: string
  /** Whether it is one that came, from which a dialog can learn. */
  readonly isSeen: boolean
}

export interface SampleChoice {
  readonly offered: readonly Offered[]
  /** Why the messages of the nodes before would not come here. */
  readonly stopped?: string | undefined
}

interface SamplesAnswer extends Answered {
  readonly from?: string
  readonly samples?: readonly {
    seenMs: number
    topic: string
    records: number
    cut: boolean
    payload: unknown
    taken: unknown
  }[]
  readonly stopped?: string
  readonly examples?: readonly { name: string; topic: string; payload: unknown }[]
}

/** What the node has seen, or would get from the nodes before it, and its examples. */
export async function samplesFor(type: string, id: string): Promise<SampleChoice> {
  const {
    from,
    samples = [],
    examples = [],
    stopped
  } = (await askRuntime<SamplesAnswer>(`millrace/preview/${type}`, {
    action: 'samples',
    id,
    before: nodesBefore(id)
  })) as SamplesAnswer
  const place = from === id ? say('seenHere') : say('seenBefore')
  const seen = samples.map(({ seenMs, topic, records, cut, payload, taken }) => {
    const facts = [
      `${place}, ${timeOf(seenMs)}`,
      ...(topic === '' ? [] : [topic]),
      ...(records > 1 ? [`${records} ${say('records')}`] : []),
      ...(cut ? [say('shortened')] : [])
    ]
    const given = { topic, payload, taken }
    return { label: facts.join(' · '), given, text: textOf(payload), isSeen: true }
  })
  return {
    offered: [
      ...heardBy(id).map(heard => offeredOf(heard)),
      ...seen,
      ...examples.map(({ name, topic, payload }) => ({
        label: `${say('example')}: ${name}`,
        given: { topic, payload },
        text: textOf(payload),
        isSeen: false
      }))
    ],
    stopped
  }
}

/** As many as a preview looks at, and as a request may hold, with room to spare. */
const MOST_RECORDS = 100
const MAX_CHARACTERS = 200_000

/** All that came, the oldest first, as one message. */
export function allOf(offered: readonly Offered[]): Offered[] {
  const seen = offered.filter(({ isSeen, given }) => isSeen && given.bytes === undefined)
  const records: unknown[] = []
  let left = MAX_CHARACTERS
  for (const record of seen.flatMap(({ given }) => [given.payload].flat().reverse())) {
    left -= JSON.stringify(record ?? null).length
    if (left < 0 || records.length >= MOST_RECORDS) break
    records.unshift(record)
  }
  if (seen.length < 2) return []
  const label = `${say('allSeen')} · ${records.length} ${say('records')}`
  const given = { topic: '', payload: records }
  return [{ label, given, text: jsonOf(records, 2), isSeen: false }]
}

const timeOf = (ms: number) => new Date(ms).toLocaleTimeString()

const offeredOf = ({
  seenMs,
  topic,
  bytes,
  taken
}: ReturnType<typeof heardBy>[number]): Offered => ({
  label: `${say('heard')}, ${timeOf(seenMs)} · ${topic}`,
  given: { topic, bytes, ...(taken === undefined ? {} : { taken }) },
  text: textOfBytes(bytes),
  isSeen: true
})

/** Bytes and texts as they are, else JSON. */
function textOf(payload: unknown): string {
  const tagged = taggedIn(payload)
  if (tagged?.[0] === '$bytes') return textOfBytes(String(tagged[1]))
  return typeof payload === 'string' ? payload : jsonOf(payload, 2)
}

const MOST_NODES = 20

/** The nodes whose wires lead here, the nearest first, with the values that the editor has. */
function nodesBefore(id: string): object[] {
  const found = [id]
  const nodes: object[] = []
  for (let at = 0; at < found.length && found.length <= MOST_NODES; at++) {
    const target = window.RED.nodes.node(found[at]!)
    if (!target) continue
    for (const { source, sourcePort } of window.RED.nodes.filterLinks({ target })) {
      if (found.includes(source.id)) continue
      found.push(source.id)
      nodes.push({
        id: source.id,
        type: source.type,
        values: valuesOf(source),
        port: sourcePort,
        next: target.id,
        heard: heardBy(source.id)
      })
    }
  }
  return nodes
}

/** Its fields as the editor holds them, saved or not; secrets stay where they are. */
function valuesOf(node: EditorNode): Record<string, unknown> {
  if (!node.type.startsWith('millrace-')) return {}
  const { defaults = {} } = window.RED.nodes.getType(node.type) ?? {}
  return Object.fromEntries(Object.keys(defaults).map(name => [name, node[name]]))
}
