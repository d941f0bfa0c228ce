import type { Field, Listening } from '../node/spec.ts'
import type { Problem } from '../options-error.ts'

/**
 * What a node's `editor.ts` may say beyond the generated form: `export default { … } satisfies
 * EditorHooks`. It runs in the browser. It may import its own `logic.ts` and `spec.ts` and what
 * they import, nothing of Node or Node-RED.
 */
export interface EditorHooks {
  /**
   * What stands on the canvas while the node has no name of its own; say what it does ("value > 80
   * → 1").
   */
  label?(values: Values): string
  /**
   * Labels of the outputs, first one first. Where the spec has `outputsFrom`, their number is the
   * number of outputs.
   */
  outputLabels?(values: Values): readonly string[]
  /** How the `custom` fields are checked and edited, by field name. */
  readonly controls?: Readonly<Record<string, CustomControl>>
  /**
   * Whether a field is of use with these values, where its `when` cannot say so. One that is not is
   * hidden unless something is wrong with it.
   */
  shows?(field: string, values: Values): boolean
  /** What is wrong between several fields. The node asks the same function when it starts. */
  problems?(values: Values): readonly Problem[]
  /** Called when the dialog stands, with all fields filled. */
  opened?(form: Form): void
  /**
   * True where the runtime has a preview though the node changes no records; those that do have one
   * in any case.
   */
  readonly hasPreview?: boolean
  /** True where the runtime proposes settings from messages. */
  readonly learns?: boolean
  /** What its configuration node is asked for to hear messages before anything is deployed. */
  readonly listens?: Listening
}

/**
 * The values of a node by field name as a flow holds them: numbers and booleans may be text,
 * anything may be missing.
 */
export type Values = Readonly<Record<string, unknown>>

export interface CustomControl {
  /**
   * What is wrong with a value, in words; empty if nothing is. `values` are those of the other
   * fields.
   */
  problems?(value: unknown, values: Values): string[]
  /** Builds the control into an empty element, as wide as the dialog. */
  edit(place: HTMLElement, value: unknown, form: Form): Control
}

export interface Control {
  /** The value as the person has it now. */
  value(): unknown
  /**
   * For the field that decides the outputs: for each output now (without fixed ones behind them)
   * its index when the dialog was opened, undefined if it is new, so that wires stay at the output
   * they were drawn from.
   */
  movedFrom?(): readonly (number | undefined)[]
}

/** The dialog while it is open. */
export interface Form {
  readonly id: string
  /** The fields of the node, as its spec has them. */
  readonly fields: Readonly<Record<string, Field>>
  /** The values as they stand in the dialog, saved or not. */
  values(): Values
  /** Sets a field as if the person had done it. */
  set(field: string, value: unknown): void
  /** The row of a field, label and control; undefined if the spec has no such field. */
  row(field: string): HTMLElement | undefined
  /** A custom control tells that its value changed, so that the form checks itself again. */
  changed(): void
  /** Called after every change, with the new values. */
  onChange(listener: (values: Values) => void): void
  /** Puts a button behind an input of a path, which picks a field from the message shown. */
  pickField(input: HTMLInputElement): void
  /** Puts a button behind an input of codes, which shows them with their sentences. */
  pickCodes(input: HTMLInputElement): void
  /** Puts a button behind an input of a time zone, which offers them with a search. */
  pickZone(input: HTMLInputElement): void
  /** What a field holds in the messages that the dialog knows. */
  valuesSeen(path: string): readonly (string | number | boolean)[]
  /** The main section; a node may put what it needs at its end. */
  readonly main: HTMLElement
}
