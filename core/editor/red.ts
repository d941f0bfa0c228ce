/**
 * The part of Node-RED's editor that the dialogs use. Written out because the published types miss
 * most of it.
 */
export interface RedEditor {
  /** A text by its key; `namespace:key`. */
  _(key: string): string
  readonly nodes: {
    node(id: string): EditorNode | null | undefined
    filterLinks(filter: { target: { id: string } }): readonly { readonly source: EditorNode }[]
    getType(type: string): { readonly defaults?: object } | undefined
  }
  readonly editor: {
    createEditor(options: {
      element: HTMLElement
      mode: string
      value: string
      minimap: { enabled: boolean }
    }): CodeEditor
    editText(options: { value: string; mode: string; complete(text: string): void }): void
    editJSON(options: { value: string; complete(text: string): void }): void
  }
  readonly popover: {
    tooltip(target: JQuery, text: string): Tooltip
    panel(content: JQuery): Panel
  }
  readonly view: { importNodes(flow: unknown, options: object): void }
  notify(text: string, options: { type: string; timeout?: number }): void
}

/** A node as the editor holds it; its fields are properties. */
export interface EditorNode {
  readonly id: string
  readonly type: string
  readonly valid?: boolean
  credentials?: Record<string, unknown>
  _(key: string): string
  [field: string]: unknown
}

export interface CodeEditor {
  getValue(): string
  setValue(text: string, cursor?: number): void
  destroy(): void
  getSession(): { on(event: 'change', listener: () => void): void }
}

export interface Tooltip {
  setContent(text: string): void
  delete(): void
}

export interface Panel {
  show(options: { target: JQuery; offset?: readonly [number, number]; onclose?: () => void }): void
  hide(): void
}

declare global {
  interface Window {
    readonly RED: RedEditor
  }
}
