import type { NodeAPI } from 'node-red'
import { answer, type Message } from '../record/message.ts'
import { type Context, defineNode, type Outputs } from './define-node.ts'
import type { Migrations } from './migrate.ts'
import { showRate } from './show-rate.ts'
import type { NodeSpec } from './spec.ts'

/** The records of a message by output, first output first, each in their order. */
export type ByOutput = readonly (readonly unknown[])[]

/** The same where records may be left out on purpose: how many were. */
export interface Sorted {
  readonly outputs: ByOutput
  readonly filtered: number
}

/** Throws to fail the message. What comes behind a promise waits for it, so that records keep their order. */
export type Sort = (message: Message, waiting: Waiting) => ByOutput | Sorted | Promise<ByOutput | Sorted>

/** Gives the messages that wait behind this one. */
export type Waiting = () => readonly Message[]

/** A transform that has more than its function. */
export interface Transform {
  readonly sort: Sort
  /** What it waits for, in a few words for the status; undefined while nothing is wrong. */
  problem?(): string | undefined
  /** What stands beside the rate, in a few words. */
  note?(): string | undefined
  /** Must end within Node-RED's 15 s. */
  close?(): void | Promise<void>
}

/**
 * A node that makes records from records: one function of a message. It answers in kind (one record for one, a list for a
 * list), counts what leaves by the output `rejected` and what is left out, and shows its rate.
 * @param make reads the options once; throws OptionsError for those that cannot be used
 */
export function defineTransform<S extends NodeSpec>(
  spec: S,
  make: (context: Context<S>) => Sort | Transform,
  migrations?: Migrations
): (RED: NodeAPI) => void {
  const rejectedOutput = spec.outputs.indexOf('rejected')
  const start = (context: Context<S>) => {
    const { metrics, status } = context
    const made = make(context)
    const { sort, problem, note, close }: Transform = typeof made === 'function' ? { sort: made } : made
    const stop = showRate(status, metrics, problem, note)
    const finish = (message: Message, sorted: ByOutput | Sorted): Outputs => {
      const { outputs, filtered } = isList(sorted) ? { outputs: sorted, filtered: 0 } : sorted
      metrics.filtered += filtered
      metrics.rejected += outputs[rejectedOutput]?.length ?? 0
      return answer(message, outputs)
    }
    return {
      transform(message: Message, waiting: Waiting) {
        const sorted = sort(message, waiting)
        if (sorted instanceof Promise) return sorted.then(later => finish(message, later))
        return finish(message, sorted)
      },
      close() {
        stop()
        return close?.()
      }
    }
  }
  return defineNode(spec, start, undefined, migrations)
}

const isList = (sorted: ByOutput | Sorted): sorted is ByOutput => Array.isArray(sorted)
