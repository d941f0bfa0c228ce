import assert from 'node:assert/strict'
import type { AxeResults } from 'axe-core'
import type { Locator } from 'playwright-core'
import { until } from '../until.ts'
import { AXE } from './axe.ts'
import { editor } from './with-editor.ts'

const GRAVE = ['serious', 'critical']

/**
 * Selects that are narrower than the browser makes them by itself, inputs whose text or placeholder
 * is wider than they are, labels that are cut, and rows that stand over the next one.
 */
const cutIn = (form: Locator) =>
  form.evaluate(shown => {
    const context = document.createElement('canvas').getContext('2d')!
    const cut: string[] = []
    for (const box of shown.querySelectorAll<HTMLInputElement | HTMLSelectElement>(
      '[data-field] select, [data-field] input[type="text"]'
    )) {
      const { width } = box.getBoundingClientRect()
      if (width === 0 || box.closest('.red-ui-typedInput-container')) continue
      const field = box.closest<HTMLElement>('[data-field]')!.dataset.field
      if (box instanceof HTMLSelectElement) {
        const free = box.cloneNode(true) as HTMLSelectElement
        free.style.cssText = 'position: absolute; visibility: hidden; width: auto; flex: none'
        box.after(free)
        const needed = free.getBoundingClientRect().width
        free.remove()
        if (needed > width + 1) cut.push(`${field}: ${box.options[0]?.text} …`)
        continue
      }
      const style = getComputedStyle(box)
      context.font = style.font
      const text = box.value || box.placeholder
      const inner = width - Number.parseFloat(style.paddingLeft) - 4
      if (context.measureText(text).width > inner) cut.push(`${field}: ${text}`)
    }
    for (const label of shown.querySelectorAll<HTMLElement>('label, .millrace-label, h4'))
      if (label.clientWidth > 0 && label.scrollWidth > label.clientWidth)
        cut.push(`label: ${label.textContent}`)
    for (const row of shown.querySelectorAll<HTMLElement>('[data-field]'))
      if (row.clientHeight > 0 && row.scrollHeight > row.clientHeight + 2)
        cut.push(`${row.dataset.field}: stands over what is below it`)
    return cut
  })

/** Lists are laid out a moment after the dialog has another width. */
async function fits(form: Locator): Promise<void> {
  let cut: string[] = []
  const isWhole = async () => {
    cut = await cutIn(form)
    return cut.length === 0
  }
  await until('texts that fit', isWhole, 5_000).catch(error => {
    assert.deepEqual(cut, [])
    throw error
  })
}

/** Beside a laptop's width, that of a laptop of 1440 by 900 at 150 %. */
const ZOOMED = { width: 960, height: 600 }
const WHOLE = { width: 1440, height: 900 }

/** Of an open dialog with all of its help: axe finds nothing grave, and no text is cut. */
export async function readsWell(form: Locator): Promise<void> {
  await form.evaluate(shown => {
    for (const mark of shown.querySelectorAll<HTMLElement>('.millrace-ask')) mark.click()
  })
  await editor.page.evaluate(AXE)
  const found = await form.evaluate(async shown => {
    const { axe } = window as unknown as { axe: { run(on: Element): Promise<AxeResults> } }
    const { violations } = await axe.run(shown)
    return violations.map(({ id, impact, nodes: where }) => ({
      id,
      impact,
      where: where.map(({ html }) => html.slice(0, 160))
    }))
  })
  assert.deepEqual(
    found.filter(({ impact }) => GRAVE.includes(impact ?? '')),
    []
  )
  await editor.page.setViewportSize(WHOLE)
  await fits(form)
  await editor.atWidth(500, () => fits(form))
  await editor.page.setViewportSize(ZOOMED)
  await fits(form)
}
