import { VERSION_FIELD } from '../core/node/migrate.ts'
import type { Column, Field, NodeSpec } from '../core/node/spec.ts'
import { COLOURS } from './colours.ts'
import { formOf } from './form.ts'
import { helpOf } from './help.ts'
import { isLocaleKey, scriptLiteral } from './text.ts'

/** What the page of a node is made from. */
export interface Paged {
  readonly spec: NodeSpec
  /** Markdown. */
  readonly help: string
  /** Path of its lesson below `examples/`, without the extension. */
  readonly example?: string | undefined
  /** The package that brings the lesson; the main one where absent. */
  readonly module?: string | undefined
  /** File of its own icon; without it, that of its family. */
  readonly icon?: string | undefined
  readonly hasEditor?: boolean
  readonly hasMigrations?: boolean
}

/**
 * @param parts the scripts of the room's editor.ts and migrations.ts, which set `room` and `saved`
 */
export function pageOf(room: Paged, parts = ''): string {
  const { spec, help, example, module } = room
  return `<script type="text/html" data-template-name="${spec.type}">
${formOf(spec)}
</script>
<script type="text/html" data-help-name="${spec.type}">
${helpOf(spec, help, example, module)}
</script>
<script type="text/javascript">
${registration(room, parts)}
</script>
`
}

/**
 * The call that Node-RED's editor waits for. The definition stands here as a literal, because
 * catalogues of nodes read it without running it; what needs code is in the shared script
 * (core/editor/), asked for when it is needed: where the palette is installed into a running
 * Node-RED, this file may be there first.
 */
function registration({ spec, icon, hasEditor, hasMigrations }: Paged, parts: string): string {
  const fields = Object.entries(spec.fields).filter(([, field]) => field.kind !== 'secret')
  const secrets = Object.entries(spec.fields).filter(([, field]) => field.kind === 'secret')
  const outputs =
    spec.outputsFrom === undefined ? [] : [`outputs: { value: ${spec.outputs.length} }`]
  const version = `${VERSION_FIELD}: { value: ${spec.version ?? 1}, validate: function () { return ask('fits', this) ?? true } }`
  const defaults = [
    "name: { value: '' }",
    version,
    ...outputs,
    ...fields.map(([name]) => `${name}: field('${name}')`)
  ]
  return `(() => {
${parts}
const spec = ${scriptLiteral(editorSpec(spec))}
const ask = (what, ...given) => window.millrace?.node(spec, ${hasEditor ? 'room.default' : '{}'}, ${hasMigrations ? 'saved.migrations' : '{}'})[what](...given)
const field = name => {
  const { default: value, kind, type } = spec.fields[name]
  return { value: structuredClone(value), ...(kind === 'ref' && { type }), validate(now, _) { return ask('check', this, name, now) ?? true } }
}
RED.nodes.registerType('${spec.type}', {
category: '${spec.category}',
color: '${COLOURS[spec.family]}',
icon: '${icon ?? `${spec.family}.svg`}',
defaults: { ${defaults.join(', ')} },
credentials: { ${secrets.map(([name]) => `${name}: { type: 'password' }`).join(', ')} },
inputs: ${spec.inputs},
outputs: ${spec.outputs.length},
align: '${spec.inputs === 1 && spec.outputs.length === 0 ? 'right' : 'left'}',
paletteLabel: '${spec.label}',
label: function () { return this.name || ask('label', this) || '${spec.label}' },
labelStyle: function () { return this.name ? 'node_label_italic' : '' },
outputLabels: function (index) { return ask('outputLabel', this, index) },
onadd: function () { ask('migrate', this) },
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
    Object.entries(fields).map(
      ([name, { help: _help, placeholder: _placeholder, section: _section, ...field }]) => {
        if (field.kind === 'list') return [name, { ...field, columns: columnsOf(field.columns) }]
        if (field.kind === 'choice') return [name, { ...field, choices: unsaid(field.choices) }]
        return [name, field]
      }
    )
  )
}

/** What the locale has is asked for there; see core/editor/choices.ts. */
const unsaid = (choices: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(choices).map(([value, text]) => [value, isLocaleKey(value) ? '' : text])
  )

/**
 * The form makes the cells of a list itself, and asks the locale for those placeholders that there
 * are.
 */
const columnsOf = (columns: Readonly<Record<string, Column>>): object =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { help: _help, section: _section, ...column }]) => [
      name,
      column
    ])
  )
