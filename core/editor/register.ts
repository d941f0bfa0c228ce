import type { EditorHooks } from '../editor.ts'
import type { Field, NodeSpec } from '../spec.ts'
import { isShown, type NodeType, parsed, problemsIn } from './check.ts'
import { Dialog } from './dialog.ts'
import type { EditorNode } from './red.ts'
import { say } from './texts-of.ts'

const open = new Map<string, Dialog>()

/** Makes a node known to Node-RED's editor. */
export function register(spec: NodeType['spec'], colour: string, hooks: EditorHooks = {}): void {
  const type: NodeType = { spec, hooks }
  window.RED.nodes.registerType(spec.type, {
    category: spec.category,
    color: colour,
    icon: `${spec.family}.svg`,
    paletteLabel: spec.label,
    inputs: spec.inputs,
    outputs: spec.outputs.length,
    ...(spec.inputs === 1 && spec.outputs.length === 0 ? { align: 'right' } : {}),
    defaults: defaultsOf(type),
    credentials: credentialsOf(spec),
    label(this: EditorNode) {
      return this.name || labelOf(type, this)
    },
    labelStyle(this: EditorNode) {
      return this.name ? 'node_label_italic' : ''
    },
    outputLabels(this: EditorNode, index: number) {
      return (hooks.outputLabels?.(parsed(type, this)) ?? spec.outputs)[index]
    },
    ...dialogHooks(type)
  })
}

function dialogHooks(type: NodeType): object {
  const close = (node: EditorNode) => {
    open.get(node.id)?.close()
    open.delete(node.id)
  }
  return {
    oneditprepare(this: EditorNode) {
      close(this)
      const dialog = new Dialog(this, type)
      open.set(this.id, dialog)
      dialog.build()
    },
    oneditsave(this: EditorNode) {
      open.get(this.id)?.save()
      close(this)
    },
    oneditcancel(this: EditorNode) {
      close(this)
    },
    oneditdelete(this: EditorNode) {
      close(this)
    }
  }
}

/** A node that is wider hides its neighbours. */
const MAX_LABEL = 36

/** What stands on the canvas without a name: which topic, table or server says most about a node. */
function labelOf(type: NodeType, node: EditorNode): string {
  const values = parsed(type, node)
  const label = type.hooks.label?.(values) || tellingValue(type, values) || type.spec.label
  return label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label
}

function tellingValue({ spec }: NodeType, values: Record<string, unknown>): string {
  const [name] = Object.entries(spec.fields).find(([, field]) => isTelling(field, spec.category) && isShown(field, values)) ?? []
  // The fields of a topic template say less than their place.
  return name === undefined ? '' : String(values[name] ?? '').replace(/\{[^{}]*\}/g, '+')
}

const isTelling = (field: Field, category: string) =>
  field.kind === 'text' && field.required === true && (category === 'config' || field.pick !== undefined || field.label.startsWith('Topic'))

function defaultsOf(type: NodeType): Record<string, object> {
  const { fields, outputsFrom, outputs } = type.spec
  const plain = Object.entries(fields).filter(([, field]) => field.kind !== 'secret')
  return {
    name: { value: '' },
    ...(outputsFrom === undefined ? {} : { outputs: { value: outputs.length } }),
    ...Object.fromEntries(plain.map(([name, field]) => [name, defaultOf(type, name, field)]))
  }
}

function defaultOf(type: NodeType, name: string, field: Field): object {
  return {
    value: structuredClone(field.default),
    ...(field.kind === 'ref' ? { type: field.type } : {}),
    // Two parameters, or Node-RED takes an answer that is a text for "valid".
    validate(this: EditorNode, value: unknown, _options: unknown) {
      const given = value === '_ADD_' ? '' : value
      const values = { ...(open.get(this.id)?.values() ?? this), [name]: given }
      const problems = problemsIn(type, name, values)
      if (problems.length > 0) return problems.map(problem => `${field.label}: ${problem}`).join('\n')
      return field.kind === 'ref' && given ? referenceIsFine(field, String(given)) : true
    }
  }
}

function referenceIsFine(field: Field, id: string): true | string {
  if (/^\$\{.+\}$/.test(id)) return true
  const config = window.RED.nodes.node(id)
  if (!config) return `${field.label}: ${say('missing')}`
  return config.valid === false ? `${field.label}: ${say('invalid')}` : true
}

const credentialsOf = (spec: Pick<NodeSpec, 'fields'>) =>
  Object.fromEntries(
    Object.entries(spec.fields)
      .filter(([, field]) => field.kind === 'secret')
      .map(([name]) => [name, { type: 'password' }])
  )
