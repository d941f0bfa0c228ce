import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import { TEXTS } from '../core/editor/texts.ts'
import { bundleForBrowser } from './browser.ts'
import type { Files } from './files.ts'
import { HOME } from './palettes.ts'

const PLUGIN =
  "module.exports = RED => RED.plugins.registerPlugin('millrace-editor', { type: 'millrace-editor' });\n"

/**
 * What all dialogs share, once: a plugin of the editor. Node-RED loads plugins before nodes when it
 * starts; when the palette is installed into a running one, the order is open, which the nodes'
 * registration allows for.
 */
export async function editorPlugin(): Promise<Files> {
  const folder = join(HOME, 'core', 'editor')
  const script = await bundleForBrowser(join(folder, 'main.ts'), 'millraceEditor')
  const style = await esbuild.transform(await readFile(join(folder, 'dialog.css'), 'utf8'), {
    loader: 'css',
    minify: true
  })
  return new Map([
    ['editor.js', Buffer.from(PLUGIN)],
    [
      'editor.html',
      Buffer.from(
        `<style>${style.code.trim()}</style>\n<script type="text/javascript">\n${script}\n</script>\n`
      )
    ],
    ['locales/en-US/editor.json', Buffer.from(`${JSON.stringify(TEXTS, null, 2)}\n`)]
  ])
}
