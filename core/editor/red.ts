/**
 * The part of Node-RED's editor that the dialogs use. Written out because the published types miss
 * most of it.
 */
export interface RedEditor {
  /** A text by its key; `namespace:key`. */
  _(key: string): string
  readonly nodes: {
    node(id: string): EditorNode | null | undefined
    filterLinks(filter: {
      source?: { id: string }
      target?: { id: string }
    }): readonly { readonly source: EditorNode; readonly sourcePort: number }[]
    id(): string
    import(nodes: readonly object[], options: object): { readonly nodes: readonly EditorNode[] }
    addLink(link: EditorLink): void
    eachConfig(visit: (node: EditorNode) => void): void
    dirty(isDirty?: boolean): boolean
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
  readonly view: {
    importNodes(flow: unknown, options: object): void
    /** At once, or with the next frame. */
    redraw(isWhole: boolean, isAtOnce?: boolean): void
  }
  readonly history: { push(event: object): void }
  readonly events: { on(event: string, listener: () => void): void }
  readonly settings: {
    readonly paletteCategories?: unknown
    theme(name: string): unknown
  }
  notify(text: string, options: { type: string; timeout?: number }): void
}

export interface EditorLink {
  readonly source: EditorNode
  readonly sourcePort: number
  readonly target: EditorNode
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
