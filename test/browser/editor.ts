/** Node-RED's editor in a real browser, as the tests and the pictures of the README drive it. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Locator, Page } from 'playwright-core'
import type { FlowEntry } from '../node-red.ts'

const SCREENSHOTS = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.millrace', 'screenshots')
const READY_LIMIT_MS = 30_000

/** The browser of CHROMIUM_PATH, or the one that is inside the package @sparticuz/chromium. */
export async function launchBrowser(): Promise<Browser> {
  const [{ chromium: launcher }, { default: packaged }] = await Promise.all([import('playwright-core'), import('@sparticuz/chromium')])
  const own = process.env['CHROMIUM_PATH']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  return launcher.launch({
    executablePath: own ?? (await packaged.executablePath()),
    args: own ? [...quiet, '--no-sandbox'] : [...packaged.args, ...quiet],
    headless: true
  })
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
    page.on('pageerror', error => this.errors.push(String(error.stack ?? error)))
    page.on('console', message => {
      if (message.type() === 'error' || /oneditprepare|oneditsave|Definition error|Validation error/.test(message.text())) {
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
    await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden', timeout: READY_LIMIT_MS })
    return editor
  }

  /** Puts nodes on the canvas as Import does. */
  async importFlow(flow: readonly FlowEntry[]): Promise<void> {
    await this.page.evaluate(nodes => {
      const { RED } = window as unknown as { RED: { nodes: { import(flow: unknown, options: object): void }; view: { redraw(all: boolean): void } } }
      RED.nodes.import(nodes, { importMap: {} })
      RED.view.redraw(true)
    }, flow as FlowEntry[])
  }

  /** Opens a node's dialog and waits until it stands. */
  async edit(id: string): Promise<Locator> {
    await this.page.evaluate(node => {
      const { RED } = window as unknown as { RED: { nodes: { node(id: string): { _def: { category: string }; type: string } }; editor: Record<string, (...args: unknown[]) => void> } }
      const found = RED.nodes.node(node)
      if (found._def.category === 'config') RED.editor['editConfig']!('', found.type, node)
      else RED.editor['edit']!(found)
    }, id)
    const form = this.page.locator('.red-ui-tray .millrace-form').last()
    await form.waitFor({ timeout: READY_LIMIT_MS })
    await this.settled()
    return form
  }

  /** Trays slide in; waits until they have. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => {
      const trays = Array.from(document.querySelectorAll<HTMLElement>('.red-ui-tray'))
      const last = trays.at(-1)
      if (!last) return true
      const now = String(last.getBoundingClientRect().left)
      const steady = last.dataset['left'] === now
      last.dataset['left'] = now
      return steady
    }, undefined, { polling: 100 })
  }

  async done(): Promise<void> {
    await this.#press('#node-dialog-ok, #node-config-dialog-ok')
  }

  async cancel(): Promise<void> {
    await this.#press('#node-dialog-cancel, #node-config-dialog-cancel')
  }

  async #press(button: string): Promise<void> {
    const trays = await this.page.locator('.red-ui-tray').count()
    await this.page.locator(button).last().click()
    await this.page.waitForFunction(before => document.querySelectorAll('.red-ui-tray').length < before, trays)
  }

  /** A picture below .millrace/screenshots, for people to look at. */
  async screenshot(name: string, of: Page | Locator = this.page): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
  }
}
