import type { Message } from '../../record/message.ts'
import { isRejection } from '../../record/record.ts'
import { type Sample, samplesOf, written } from '../samples/samples.ts'
import { Input } from './input.ts'
import type { Previewed, PreviewKind } from './kinds.ts'
import type { Before, Given } from './request.ts'

/** What a node would get, told by a node before it. */
export interface FromBefore {
  readonly from: string
  /** Absent where they were heard by a dialog, and by no node that runs. */
  readonly samples: readonly Sample[]
  /** Why nothing of them would come here. */
  readonly stopped?: string
}

/** A node before, ready to work with the settings that its dialog has. */
export interface Stage extends Before {
  readonly kind: PreviewKind | undefined
  make(): Previewed
}

/**
 * What the nearest node before has seen, sent, or heard in its dialog, as it would come here: the
 * nodes between, which may not be deployed yet, work on it.
 * @param stages the nearest first
 */
export async function samplesBefore(stages: readonly Stage[]): Promise<FromBefore | undefined> {
  let stopped: FromBefore | undefined
  for (const stage of stages) {
    const seen = samplesOf(stage.id)
    const isSent = stage.kind?.spec.inputs !== 1 && seen.length > 0
    const given: readonly Given[] = seen.length > 0 ? seen : stage.heard
    if (given.length === 0) continue
    const way = wayFrom(stage, stages)
    const found = await passed(given, isSent ? way.slice(1) : way, stage.kind)
    if (found.samples.length > 0) return { from: stage.id, ...found }
    stopped ??= { from: stage.id, ...found }
  }
  return stopped
}

/** The nodes that a message goes through from this one on. */
function wayFrom(first: Stage, stages: readonly Stage[]): Stage[] {
  const way: Stage[] = []
  for (let at: Stage | undefined = first; at && !way.includes(at); ) {
    way.push(at)
    const { next }: Stage = at
    at = stages.find(({ id }) => id === next)
  }
  return way
}

async function passed(
  given: readonly Given[],
  way: readonly Stage[],
  first: PreviewKind | undefined
): Promise<{ samples: Sample[]; stopped?: string }> {
  const samples: Sample[] = []
  let stopped: string | undefined
  const workers = way.flatMap(({ kind, port, make }) =>
    kind === undefined ? [] : [{ port, label: kind.spec.label, node: make() }]
  )
  try {
    for (const each of given) {
      let message: Message | undefined = new Input(each, first?.takes).message()
      for (const { node, port, label } of workers) {
        const { outputs } = await node.sort(message)
        stopped ??= rejectionIn(outputs, label)
        message = next(message, outputs[port] ?? [])
        if (message === undefined) break
      }
      if (message !== undefined) samples.push(sampleOf(message, each, samples.length + 1))
    }
  } finally {
    for (const { node } of workers) await node.close?.()
  }
  return stopped === undefined ? { samples } : { samples, stopped }
}

/** A record stays one where it came as one; undefined where none is left. */
function next(message: Message, records: readonly unknown[]): Message | undefined {
  if (records.length === 0) return undefined
  const isOne = records.length === 1 && !Array.isArray(message.payload)
  return { ...message, payload: isOne ? records[0] : records }
}

function rejectionIn(outputs: readonly (readonly unknown[])[], label: string): string | undefined {
  const rejected = outputs.flat().find(isRejection)
  return rejected && `${label} rejects it: ${rejected.reason.message}`
}

function sampleOf(message: Message, given: Given, number: number): Sample {
  const { seenMs = Date.now() } = given as Partial<Sample>
  return { ...written(message, number), seenMs }
}
