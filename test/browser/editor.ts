/** Node-RED's editor in a real browser, as the tests and the pictures of the README drive it. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Locator, Page } from 'playwright-core'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'

const SCREENSHOTS = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  '.millrace',
  'screenshots'
)
const READY_LIMIT_MS = 30_000

/**
 * Node-RED's `editor.destroy()` makes Monaco throw this where text was typed in, with a bare editor
 * outside any node too.
 */
const MONACO_CLOSES = /Model is disposed/

/** The browser of CHROMIUM_PATH, or the one that is inside the package @sparticuz/chromium. */
export async function launchBrowser(): Promise<Browser> {
  const [{ chromium: launcher }, { default: packaged }] = await Promise.all([
    import('playwright-core'),
    import('@sparticuz/chromium')
  ])
  const own = process.env.CHROMIUM_PATH
  const quiet = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run'
  ]
  return launcher.launch({
    executablePath: own ?? (await packaged.executablePath()),
    args: own ? [...quiet, '--no-sandbox'] : [...packaged.args, ...quiet],
    headless: true
  })
}

/**
 * Node-RED with the built palette and its editor on, and nothing that asks the person or the
 * internet first.
 */
export function startEditor({ companions = false } = {}): Promise<RunningNodeRed> {
  const editorTheme = { tours: false, palette: { catalogues: [] }, codeEditor: { lib: 'monaco' } }
  return startNodeRed({
    palette: true,
    companions,
    settings: { disableEditor: false, editorTheme }
  })
}

/** What the tests ask of the editor from within its page. */
interface Red {
  readonly nodes: {
    import(flow: unknown, options: object): void
    filterNodes(filter: { type: string }): { readonly id: string }[]
    createCompleteNodeSet(): { readonly id: string; readonly type: string }[]
    eachNode(visit: (node: { readonly type: string }) => void): void
    node(id: string): {
      readonly _def: { category: string; defaults: object }
      readonly type: string
      readonly [field: string]: unknown
    }
  }
  readonly actions: { invoke(action: string): void }
  readonly view: { redraw(all: boolean): void }
  readonly sidebar: { readonly help: { show(type: string): void } }
  readonly workspaces: { show(id: string): void }
  readonly editor: {
    edit(node: object): void
    editConfig(field: string, type: string, id: string): void
  }
}

export interface EditorOptions {
  readonly dark?: boolean
  readonly scale?: number
  readonly width?: number
  readonly height?: number
}

/** The editor with one page open. What goes wrong in its JavaScript is collected in `errors`. */
export class Editor {
  readonly errors: string[] = []

  private constructor(readonly page: Page) {
    page.on('pageerror', error => {
      if (!MONACO_CLOSES.test(String(error))) this.errors.push(String(error.stack ?? error))
    })
    page.on('console', message => {
      if (
        message.type() === 'error' ||
        /oneditprepare|oneditsave|Definition error|Validation error/.test(message.text())
      ) {
        this.errors.push(`${message.text()} ${message.location().url}`)
      }
    })
  }

  static async open(browser: Browser, url: string, options: EditorOptions = {}): Promise<Editor> {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      deviceScaleFactor: options.scale ?? 1,
      colorScheme: options.dark ? 'dark' : 'light'
    })
    const editor = new Editor(page)
    await page.goto(url, { timeout: READY_LIMIT_MS })
    await page.waitForSelector('.red-ui-header-toolbar', { timeout: READY_LIMIT_MS })
    await page.waitForSelector('#red-ui-loading-progress', {
      state: 'hidden',
      timeout: READY_LIMIT_MS
    })
    return editor
  }

  /** Puts nodes on the canvas as Import does. */
  async importFlow(flow: readonly FlowEntry[]): Promise<void> {
    await this.page.evaluate(nodes => {
      const { RED } = window as unknown as { RED: Red }
      RED.nodes.import(nodes, { importMap: {} })
      const tab = nodes.find(node => node.type === 'tab')
      if (tab) RED.workspaces.show(tab.id)
      RED.view.redraw(true)
    }, flow as FlowEntry[])
  }

  /** Opens a node's dialog and waits until it stands. */
  async edit(id: string): Promise<Locator> {
    await this.page.evaluate(node => {
      const { RED } = window as unknown as { RED: Red }
      const found = RED.nodes.node(node)
      if (found._def.category === 'config') RED.editor.editConfig('', found.type, node)
      else RED.editor.edit(found)
    }, id)
    const form = this.page.locator('.red-ui-tray .millrace-form').last()
    await form.waitFor({ timeout: READY_LIMIT_MS })
    await this.settled()
    return form
  }

  /** The values of a node as the editor holds them. */
  async values(id: string): Promise<Record<string, unknown>> {
    return this.page.evaluate(node => {
      const found = (window as unknown as { RED: Red }).RED.nodes.node(node)
      return JSON.parse(
        JSON.stringify(
          Object.fromEntries(Object.keys(found._def.defaults).map(name => [name, found[name]]))
        )
      )
    }, id)
  }

  /** Imports an example of this package by the menu's dialog. */
  async importExample(name: string): Promise<void> {
    await this.page.evaluate(() =>
      (window as unknown as { RED: Red }).RED.actions.invoke('core:show-examples-import-dialog')
    )
    const dialog = this.page
      .locator('.red-ui-clipboard-dialog:visible, #red-ui-clipboard-dialog:visible')
      .last()
    await dialog.getByText('@millrace/node-red-telemetry', { exact: true }).click()
    await dialog.getByText(name, { exact: true }).click()
    await this.page.locator('#red-ui-clipboard-dialog-ok').click()
    await dialog.waitFor({ state: 'hidden' })
  }

  /** The first node of a type, configuration nodes included; waits until there is one. */
  async idOf(type: string): Promise<string> {
    const found = await this.page.waitForFunction(wanted => {
      const { nodes } = (window as unknown as { RED: Red }).RED
      return (
        nodes.filterNodes({ type: wanted })[0]?.id ??
        nodes.createCompleteNodeSet().find(node => node.type === wanted)?.id
      )
    }, type)
    return (await found.jsonValue())!
  }

  /** Presses Deploy, and waits until that is done. */
  async deploy(): Promise<void> {
    await this.page.locator('#red-ui-header-button-deploy').click()
    await this.page.locator('#red-ui-header-button-deploy.disabled').waitFor({ timeout: 30_000 })
  }

  /** The types of all nodes of all flows, with repetitions. */
  async typesOnCanvas(): Promise<string[]> {
    return this.page.evaluate(() => {
      const types: string[] = []
      ;(window as unknown as { RED: Red }).RED.nodes.eachNode(node => types.push(node.type))
      return types
    })
  }

  /** Whether the editor shows a node without its red triangle. */
  async isValid(id: string): Promise<boolean> {
    return this.page.evaluate(
      node => (window as unknown as { RED: Red }).RED.nodes.node(node).valid !== false,
      id
    )
  }

  /** Waits for a condition, which is asked a few times a second. */
  async until(condition: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
    const endMs = Date.now() + limitMs
    while (!(await condition())) {
      if (Date.now() > endMs) throw new Error('the condition was not met in time')
      await new Promise(asked => setTimeout(asked, 100))
    }
  }

  /** Types over what an input has, and leaves it. */
  async type(input: Locator, text: string): Promise<void> {
    await input.fill(text)
    await input.blur()
  }

  /** Shows the help of a type in the sidebar. */
  async help(type: string): Promise<void> {
    await this.page.evaluate(
      wanted => (window as unknown as { RED: Red }).RED.sidebar.help.show(wanted),
      type
    )
  }

  /** Does something while the dialog is as narrow as this. */
  async atWidth<T>(px: number, act: () => Promise<T>): Promise<T> {
    const tray = this.page.locator('.red-ui-tray').last()
    const before = await tray.evaluate((shown, width) => {
      const style = shown.style.width
      shown.style.width = `${width}px`
      return style
    }, px)
    // Rows are laid out anew when the browser has seen the width.
    await this.page.evaluate(
      () => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    )
    const result = await act()
    await tray.evaluate((shown, style) => {
      shown.style.width = style
    }, before)
    return result
  }

  /** Trays slide in; waits until they have. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(
      () => {
        const trays = Array.from(document.querySelectorAll<HTMLElement>('.red-ui-tray'))
        const last = trays.at(-1)
        if (!last) return true
        const now = String(last.getBoundingClientRect().left)
        const steady = last.dataset.left === now
        last.dataset.left = now
        return steady
      },
      undefined,
      { polling: 100 }
    )
  }

  async done(): Promise<void> {
    await this.#press('#node-dialog-ok, #node-config-dialog-ok')
  }

  async cancel(): Promise<void> {
    await this.#press('#node-dialog-cancel, #node-config-dialog-cancel')
  }

  /** Closes what a failed test left open. */
  async closeDialogs(): Promise<void> {
    const trays = this.page.locator('.red-ui-tray')
    while ((await trays.count()) > 0) await this.cancel()
  }

  async #press(button: string): Promise<void> {
    const tray = await this.page.locator('.red-ui-tray').last().elementHandle()
    await this.page.locator(button).last().click()
    await tray?.waitForElementState('hidden', { timeout: 10_000 })
  }

  /** A picture below .millrace/screenshots, for people to look at. */
  async screenshot(name: string, of: Page | Locator = this.page): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
  }
}
