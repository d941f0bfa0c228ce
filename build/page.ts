import { join } from 'node:path'
import type { Field, NodeSpec } from '../core/node/spec.ts'
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

/**
 * The call that Node-RED's editor waits for. The definition stands here as a literal, because catalogues of nodes read it
 * without running it; what needs code is in the shared script (core/editor/), asked for when it is needed: where the
 * palette is installed into a running Node-RED, this file may be there first.
 */
function registration(spec: NodeSpec, hooks: string): string {
  const fields = Object.entries(spec.fields).filter(([, field]) => field.kind !== 'secret')
  const secrets = Object.entries(spec.fields).filter(([, field]) => field.kind === 'secret')
  const outputs = spec.outputsFrom === undefined ? [] : [`outputs: { value: ${spec.outputs.length} }`]
  const defaults = ["name: { value: '' }", ...outputs, ...fields.map(([name]) => `${name}: field('${name}')`)]
  return `(function () {
${hooks}
const spec = ${scriptJson(editorSpec(spec))}
const shared = () => window.millrace && window.millrace.node(spec, ${hooks === '' ? '{}' : 'room.default'})
const ask = (what, ...given) => { const node = shared(); return node && node[what](...given) }
const field = name => ({
  value: structuredClone(spec.fields[name].default),
  ...(spec.fields[name].kind === 'ref' ? { type: spec.fields[name].type } : {}),
  validate: function (value, _options) { return shared() ? ask('check', this, name, value) : true }
})
RED.nodes.registerType('${spec.type}', {
  category: '${spec.category}',
  color: '${COLOURS[spec.family]}',
  icon: '${spec.family}.svg',
  defaults: { ${defaults.join(', ')} },
  credentials: { ${secrets.map(([name]) => `${name}: { type: 'password' }`).join(', ')} },
  inputs: ${spec.inputs},
  outputs: ${spec.outputs.length},
  align: '${spec.inputs === 1 && spec.outputs.length === 0 ? 'right' : 'left'}',
  paletteLabel: '${spec.label}',
  label: function () { return this.name || ask('label', this) || '${spec.label}' },
  labelStyle: function () { return this.name ? 'node_label_italic' : '' },
  outputLabels: function (index) { return ask('outputLabel', this, index) },
  oneditprepare: function () { ask('open', this) },
  oneditsave: function () { ask('save', this) },
  oneditcancel: function () { ask('close', this) },
  oneditdelete: function () { ask('close', this) }
})
})()`
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
