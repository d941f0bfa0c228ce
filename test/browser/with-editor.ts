import assert from 'node:assert/strict'
import type { Browser, Locator } from 'playwright-core'
import { companion as companionOf } from '../../build/palettes.ts'
import { build } from '../../build.ts'
import type { FlowEntry, RunningNodeRed } from '../node-red.ts'
import { Editor, type EditorOptions, launchBrowser, startEditor } from './editor.ts'

export let nodeRed: RunningNodeRed
export let editor: Editor

export interface Scene {
  /** On the canvas from the beginning, not deployed. */
  readonly flow?: readonly FlowEntry[]
  /** Of the page, for the Node-RED that runs. */
  readonly page?: EditorOptions | ((nodeRed: RunningNodeRed) => EditorOptions)
  /** The palette beside ours whose nodes are there too. */
  readonly companion?: string
  /** Done before the editor is opened. */
  prepare?(nodeRed: RunningNodeRed): void | Promise<void>
}

/**
 * Node-RED with the built palette, and its editor in a browser, for the tests of a `describe`. Each
 * of them ends without an open dialog and without an error in the JavaScript of the editor.
 */
export function withEditor({ flow = [], page = {}, companion, prepare }: Scene = {}): void {
  let browser: Browser | undefined
  before(async () => {
    await build()
    if (companion !== undefined) await build({ root: (await companionOf(companion)).folder })
    const started = startEditor({ companions: companion !== undefined })
    ;[nodeRed, browser] = await Promise.all([started, launchBrowser()])
    await prepare?.(nodeRed)
    editor = await Editor.open(
      browser,
      nodeRed.url,
      typeof page === 'function' ? page(nodeRed) : page
    )
    if (flow.length > 0) await editor.importFlow(flow)
  })
  after(async () => {
    await browser?.close()
    await nodeRed?.stop()
  })
  afterEach(async () => {
    await editor.closeDialogs()
    assert.deepEqual(editor.errors.splice(0), [], 'errors in the JavaScript of the editor')
  })
}

/** The row of a field in a dialog. */
export const row = (form: Locator, field: string): Locator =>
  form.locator(`[data-field="${field}"]`)

export const isRed = (control: Locator): Promise<boolean> =>
  control.evaluate(shown => shown.classList.contains('input-error'))

/** The reason that the tooltip of a red control gives. */
export async function reasonOf(control: Locator): Promise<string> {
  // The pointer may rest on it already, and then it does not enter it.
  await editor.page.mouse.move(0, 0)
  await control.hover()
  const tooltip = editor.page
    .locator('.red-ui-popover-tooltip-size-default, .red-ui-popover')
    .last()
  await tooltip.waitFor()
  return (await tooltip.textContent()) ?? ''
}
