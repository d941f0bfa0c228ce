import { join } from 'node:path'
import type { Field, NodeSpec } from '../core/spec.ts'
import { bundleForBrowser } from './browser.ts'
import type { Files } from './files.ts'
import { formOf } from './form.ts'
import { helpOf } from './help.ts'
import { COLOURS } from './icons.ts'
import { localeOf } from './locale.ts'
import type { Room } from './rooms.ts'
import { scriptJson } from './text.ts'

/** What Node-RED's editor loads of a node, and its locale. */
export async function roomFiles(room: Room): Promise<Files> {
  const hooks = room.hasEditor ? await bundleForBrowser(join(room.folder, 'editor.ts'), 'room') : ''
  return new Map([
    [`${room.name}.html`, Buffer.from(pageOf(room, hooks))],
    [`locales/en-US/${room.name}.json`, Buffer.from(`${JSON.stringify({ ...localeOf(room.spec) }, null, 2)}\n`)]
  ])
}

/** @param hooks the script of the room's editor.ts, which sets `room`; empty if it has none */
function pageOf({ spec, help, example }: Room, hooks: string): string {
  return `<script type="text/html" data-template-name="${spec.type}">
${formOf(spec)}
</script>
<script type="text/html" data-help-name="${spec.type}">
${helpOf(spec, help, example)}
</script>
<script type="text/javascript">
${registration(spec, hooks)}
</script>
`
}

/** The shared script takes what is pushed here, whether it is loaded before this or after. */
function registration(spec: NodeSpec, hooks: string): string {
  const what = `${scriptJson(editorSpec(spec))}, ${JSON.stringify(COLOURS[spec.family])}`
  const queue = '(window.millraceNodes = window.millraceNodes || []).push'
  return hooks === '' ? `${queue}([${what}])` : `(function () {\n${hooks}\n${queue}([${what}, room.default])\n})()`
}

/** The spec without what only the help and the locale need. */
function editorSpec(spec: NodeSpec): object {
  const { examples: _examples, summary: _summary, fields, ...rest } = spec
  return { ...rest, fields: withoutTexts(fields) }
}

function withoutTexts(fields: Readonly<Record<string, Field>>): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { help: _help, placeholder: _placeholder, section: _section, ...field }]) => [
      name,
      field.kind === 'list' ? { ...field, columns: withoutTexts(field.columns) } : field
    ])
  )
}
