import type { Node, NodeAPI } from 'node-red'
import { answer, type Message } from '../record/message.ts'
import { type Context, contextOf, defineNode, type Outputs, type Start } from './define-node.ts'
import { NodeMetrics } from './metrics.ts'
import type { Migrations } from './migrate.ts'
import { type Make, type PreviewExtras, previewRoute } from './preview.ts'
import { showRate } from './show-rate.ts'
import type { NodeSpec, Options } from './spec.ts'
import { Status } from './status.ts'

/** The records of a message by output, first output first, each in their order. */
export type ByOutput = readonly (readonly unknown[])[]

/** The same where records may be left out on purpose: how many were. */
export interface Sorted {
  readonly outputs: ByOutput
  readonly filtered: number
}

/**
 * Throws to fail the message. What comes behind a promise waits for it, so that records keep their
 * order; `behind` gives the messages that wait.
 */
export type Sort = (
  message: Message,
  behind: () => readonly Message[]
) => ByOutput | Sorted | Promise<ByOutput | Sorted>

export type Holdup = string | { readonly mend: string }

/** A transform that has more than its function. */
export interface Transform {
  readonly sort: Sort
  /**
   * What it waits for, in a few words for the status; `mend` for what a person must mend; undefined
   * while nothing is wrong.
   */
  problem?(): Holdup | undefined
  /** What stands beside the rate in the status, or alone where both are too long. */
  note?(): string | undefined
  /**
   * What a dialog offers to tick, such as the columns of a table that is looked up in.
   * @param seen what of the messages it may ask with, such as names of devices
   */
  offers?(seen: readonly string[]): Promise<readonly string[]>
  /** Must end within Node-RED's 15 s. */
  close?(): void | Promise<void>
}

/**
 * A node that makes records from records: one function of a message. It answers in kind (one record
 * for one, a list for a list), counts what leaves by the output `rejected` and what is left out,
 * and shows its rate. Its dialog has a preview, for which `make` is called with options that are
 * not saved, and what it made is closed at once.
 * @param make reads the options once; throws OptionsError for those that cannot be used
 * @param dialog how its dialog learns from messages
 */
export function defineTransform<S extends NodeSpec>(
  spec: S,
  make: (context: Context<S>) => Sort | Transform,
  migrations?: Migrations,
  dialog?: PreviewExtras
): (RED: NodeAPI) => void {
  const define = defineNode(spec, startTransform(spec, make), undefined, migrations)
  return RED => {
    previewRoute(RED, spec, previewOf(RED, spec, make), dialog)
    define(RED)
  }
}

/** What makes such a node of a context, for nodes that are transforms with some settings only. */
export function startTransform<S extends NodeSpec>(
  spec: S,
  make: (context: Context<S>) => Sort | Transform
): Start<S> {
  const rejectedOutput = spec.outputs.indexOf('rejected')
  return context => {
    const { metrics, status } = context
    const { sort, problem, note, close } = transformOf(make(context))
    const stop = showRate(status, metrics, problem, note)
    const finish = (message: Message, sorted: ByOutput | Sorted): Outputs => {
      const { outputs, filtered } = counted(sorted)
      metrics.filtered += filtered
      const rejected = outputs[rejectedOutput]
      if (rejected !== undefined && rejected.length > 0) {
        metrics.rejected += rejected.length
        metrics.countRefused(rejected)
      }
      return answer(message, outputs)
    }
    return {
      transform(message: Message, behind: () => readonly Message[]) {
        const sorted = sort(message, behind)
        if (sorted instanceof Promise) return sorted.then(later => finish(message, later))
        return finish(message, sorted)
      },
      close() {
        stop()
        return close?.()
      }
    }
  }
}

const transformOf = (made: Sort | Transform): Transform =>
  typeof made === 'function' ? { sort: made } : made

const wordsOf = (problem: Holdup | undefined): string | undefined =>
  typeof problem === 'object' ? problem.mend : problem

const counted = (sorted: ByOutput | Sorted): Sorted =>
  isList(sorted) ? { outputs: sorted, filtered: 0 } : sorted

const isList = (sorted: ByOutput | Sorted): sorted is ByOutput => Array.isArray(sorted)

/** The same transform, beside the flow: it counts nowhere, shows no status and sends nothing. */
export function previewOf<S extends NodeSpec>(
  RED: NodeAPI,
  spec: S,
  make: (context: Context<S>) => Sort | Transform
): Make<S> {
  return (options: Options<S>, say) => {
    const node = standIn(spec.type, say)
    const metrics = new NodeMetrics(node.id, spec.type, '')
    const made = make(contextOf(node, RED, spec, options, metrics, new Status(() => undefined)))
    const { sort, problem, offers, close } = transformOf(made)
    return {
      async sort(message) {
        return counted(await sort(message, () => []))
      },
      ...(problem && { problem: () => wordsOf(problem()) }),
      ...(offers && { offers }),
      ...(close && { close: () => close() })
    }
  }
}

/** Takes the place of the node: what it says is shown in the dialog, what it sends goes nowhere. */
function standIn(type: string, say: (notice: string) => void): Node {
  const told = (notice: unknown) => say(String(notice))
  const nothing = () => undefined
  const node = {
    id: `preview of ${type}`,
    type,
    name: '',
    z: '',
    wires: [],
    warn: told,
    error: told
  }
  return { ...node, log: nothing, status: nothing, send: nothing, on: nothing } as unknown as Node
}
