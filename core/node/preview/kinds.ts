import type { Learn } from '../../learn/learned.ts'
import type { Message } from '../../record/message.ts'
import type { NodeSpec, Options } from '../spec.ts'

/** A node of a dialog that is open: it works, and nobody else sees it. */
export interface Previewed {
  sort(message: Message): SortedSample | Promise<SortedSample>
  /** What it waits for, in a few words. */
  problem?(): string | undefined
  /** What the dialog offers to tick. */
  offers?(seen: readonly string[]): Promise<readonly string[]>
  close?(): void | Promise<void>
}

export interface SortedSample {
  readonly outputs: readonly (readonly unknown[])[]
  readonly filtered: number
  /** What a person may want to read besides, such as the statements that would be run. */
  readonly text?: string
  readonly line?: TimeLine
}

/** Values over event time, and when something left, as a dialog draws them. */
export interface TimeLine {
  /** Names of what is apart, such as devices. */
  readonly series: readonly string[]
  /** In the order in which they were taken; `of` is the place of the series. */
  readonly points: readonly {
    readonly timeMs: number
    readonly value: number | string
    readonly of: number
  }[]
  readonly marks: readonly {
    readonly timeMs: number
    readonly output: number
    readonly of?: number
    readonly says?: string
  }[]
  /** Values that lines are drawn at. */
  readonly levels: readonly number[]
}

/** What the configuration node of this id provides, if it runs. */
export type Provided = <T extends object>(id: string) => T | undefined

/** Makes the node with options that are not saved. `say` gets what it would write to the log. */
export type Make<S extends NodeSpec> = (
  options: Options<S>,
  say: (notice: string) => void,
  provided: Provided
) => Previewed

/** How a type of node works in a dialog. */
export interface PreviewKind {
  readonly spec: NodeSpec
  readonly make: Make<NodeSpec>
  readonly learn?: Learn | undefined
  /**
   * Whether a text in the dialog stands for bytes as a device sends them, for the value of a Kafka
   * message, or for what was decoded before.
   */
  readonly takes: 'bytes' | 'kafka' | 'records'
  /** Its configuration nodes are not needed for the preview. */
  readonly isAlone?: boolean
  /** Types of the nodes that Learn proposes to put behind it, in this order. */
  readonly behind?: readonly string[]
}

const known = new WeakMap<object, Map<string, PreviewKind>>()

/** The types that have a preview, of one runtime. */
export function kindsOf(runtime: object): Map<string, PreviewKind> {
  const kinds = known.get(runtime) ?? new Map<string, PreviewKind>()
  known.set(runtime, kinds)
  return kinds
}
