import { fromTheFuture, type Migrations, migrated, VERSION_FIELD } from '../node/migrate.ts'
import { type NodeType, parsed, problemsIn } from './check.ts'
import { Dialog } from './dialog.ts'
import { labelOf } from './label.ts'
import type { EditorNode } from './red.ts'
import { referenceProblems } from './reference.ts'
import type { EditorHooks } from './types.ts'

const open = new Map<string, Dialog>()

/** What a node's definition asks for; each call has the node that Node-RED's editor is about. */
export interface Handlers {
  label(node: EditorNode): string
  outputLabel(node: EditorNode, index: number): string | undefined
  /** True, or what is wrong. */
  check(node: EditorNode, field: string, value: unknown): true | string
  /** Whether this release knows what it was saved with, and brings it up: true, or why not. */
  fits(node: EditorNode): true | string
  /** Brings what an earlier release has saved to this one, as soon as the editor has the node. */
  migrate(node: EditorNode): void
  open(node: EditorNode): void
  save(node: EditorNode): void
  close(node: EditorNode): void
}

const known = new Map<string, Handlers>()

/** The handlers of a node type, made when they are first needed. */
export function nodeOf(
  spec: NodeType['spec'],
  hooks: EditorHooks,
  migrations: Migrations = {}
): Handlers {
  let handlers = known.get(spec.type)
  if (!handlers) {
    handlers = handlersOf({ spec, hooks, migrations })
    known.set(spec.type, handlers)
  }
  return handlers
}

function handlersOf(type: NodeType): Handlers {
  const close = (node: EditorNode) => {
    open.get(node.id)?.close()
    open.delete(node.id)
  }
  const migrate = (node: EditorNode) => {
    if (fromTheFuture(type.spec, node) !== undefined) return
    Object.assign(node, migrated(type.spec, type.migrations, node))
    node[VERSION_FIELD] ??= type.spec.version ?? 1
  }
  return {
    label: node => labelOf(type, node),
    outputLabel: (node, index) =>
      (type.hooks.outputLabels?.(parsed(type, node)) ?? type.spec.outputs)[index],
    check: (node, field, value) => checked(type, node, field, value),
    // Of a flow that it loads, Node-RED asks this before the other fields; it calls onadd only for
    // what a person drags or pastes.
    fits(node) {
      migrate(node)
      return fromTheFuture(type.spec, node) ?? true
    },
    migrate,
    open(node) {
      close(node)
      migrate(node)
      const dialog = new Dialog(node, type)
      open.set(node.id, dialog)
      dialog.build()
    },
    save(node) {
      open.get(node.id)?.save()
      close(node)
    },
    close
  }
}

function checked(type: NodeType, node: EditorNode, name: string, value: unknown): true | string {
  const field = type.spec.fields[name]!
  const given = value === '_ADD_' ? '' : value
  const problems = problemsIn(type, name, {
    ...(open.get(node.id)?.values() ?? node),
    [name]: given
  })
  if (problems.length > 0) return problems.map(problem => `${field.label}: ${problem}`).join('\n')
  const [wrong] = field.kind === 'ref' && given ? referenceProblems(String(given)) : []
  return wrong === undefined ? true : `${field.label}: ${wrong}`
}
