import type { Locator } from 'playwright-core'
import type { Editor } from './editor.ts'

/** A person at the mouse. Every press of its button counts, a double click as two. */
export class Person {
  clicks = 0

  constructor(private readonly editor: Editor) {}

  async click(what: Locator): Promise<void> {
    await what.click()
    this.clicks++
  }
  async doubleClick(what: Locator): Promise<void> {
    await what.dblclick()
    this.clicks += 2
  }
  /** One press opens the list, one takes what stands in it. */
  async choose(what: Locator, option: string): Promise<void> {
    await what.selectOption(option)
    this.clicks += 2
  }
  /** One press goes into the field; what stands there gives way to what is typed. */
  async type(into: Locator, text: string): Promise<void> {
    await this.click(into)
    const { keyboard } = this.editor.page
    await keyboard.press('Control+a')
    await keyboard.type(text)
  }
  async drag(what: Locator, to: { x: number; y: number }): Promise<void> {
    const { mouse } = this.editor.page
    // Waits until nothing lies over it any more, such as the shade of a dialog that closes.
    await what.hover()
    const from = (await what.boundingBox())!
    await mouse.move(from.x + from.width / 2, from.y + from.height / 2)
    await mouse.down()
    await mouse.move(to.x - 40, to.y, { steps: 8 })
    await mouse.move(to.x, to.y, { steps: 4 })
    await mouse.up()
    this.clicks++
  }
  /** From the palette to a place on the canvas. */
  async drop(type: string, to: { x: number; y: number }): Promise<string> {
    const { page } = this.editor
    await this.drag(page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`), to)
    return this.editor.idOf(type)
  }
  /** Opens the dialog of a node on the canvas. */
  async open(id: string): Promise<Locator> {
    const { page } = this.editor
    await this.doubleClick(nodeOf(this.editor, id).locator('.red-ui-flow-node'))
    const form = page.locator('.red-ui-tray .millrace-form').last()
    await form.waitFor()
    await this.editor.settled()
    return form
  }
  /** Draws a wire from the first output. */
  async wire(from: string, to: string): Promise<void> {
    const port = nodeOf(this.editor, to).locator('.red-ui-flow-port-input')
    const { x, y, width, height } = (await port.boundingBox())!
    await this.drag(nodeOf(this.editor, from).locator('.red-ui-flow-port-output').first(), {
      x: x + width / 2,
      y: y + height / 2
    })
  }
  async done(): Promise<void> {
    await this.click(this.editor.page.locator('#node-dialog-ok'))
    await this.editor.settled()
  }
}

const nodeOf = (editor: Editor, id: string) =>
  editor.page.locator(`.red-ui-flow-node-group[id="${id}"]`)
