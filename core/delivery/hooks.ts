import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { FlowHooks, FlowNode, HookName, Hooks, Runtime } from './node-red.ts'

const NAMES: readonly HookName[] = ['onSend', 'preDeliver', 'onReceive', 'onComplete']
const LABEL = 'millrace'

/**
 * Puts our hooks into the runtime; returns what takes them out again.
 *
 * Ours must come first: behind a foreign hook that is asynchronous or halts, a send would be counted late or never, and a
 * delivery would look finished while its message waits. Where foreign hooks were added before, their chain is entered one
 * step earlier, at `trigger`, which Node-RED calls on this same object.
 */
export function installHooks(hooks: Hooks, ours: FlowHooks): () => void {
  if (NAMES.some(name => hooks.has(name))) return precede(hooks, ours)
  for (const name of NAMES) {
    const handler = ours[name] as (event: unknown) => void
    // Exactly one parameter: Node-RED waits for a callback from any other, and every message would stop here.
    hooks.add(`${name}.${LABEL}`, (event: unknown): void => handler(event))
  }
  return () => {
    for (const name of NAMES) hooks.remove(`${name}.${LABEL}`)
  }
}

function precede(hooks: Hooks, ours: FlowHooks): () => void {
  const before = hooks.trigger
  const handlers = new Map<string, (event: unknown) => void>(NAMES.map(name => [name, ours[name] as (event: unknown) => void]))
  let active = true
  const trigger: Hooks['trigger'] = (name, event, done) => {
    if (active) handlers.get(name)?.(event)
    return before.call(hooks, name, event, done)
  }
  hooks.trigger = trigger
  return () => {
    active = false
    // Where somebody has wrapped it since, ours stays in between and passes everything on.
    if (hooks.trigger === trigger) hooks.trigger = before
  }
}

type Report = (node: FlowNode, reason: unknown, message: object) => void

/**
 * Tells of errors that nodes report with a message. No hook does: a handler that throws, or calls `node.error(e, msg)` and
 * never `done`, reaches Catch nodes only.
 */
export function watchErrors(node: FlowNode, report: Report): () => void {
  const prototype = prototypeOf(node)
  if (prototype === undefined) return () => {}
  const before = prototype.error
  let active = true
  const error: FlowNode['error'] = function (this: FlowNode, reason, message) {
    if (active && typeof message === 'object' && message !== null) report(this, reason, message)
    before.call(this, reason, message)
  }
  prototype.error = error
  return () => {
    active = false
    if (prototype.error === error) prototype.error = before
  }
}

/** Node-RED's `Node.prototype`, known by the method that completes messages. */
function prototypeOf(node: FlowNode): FlowNode | undefined {
  let candidate: object | null = node
  while (candidate !== null && !Object.hasOwn(candidate, '_complete')) candidate = Object.getPrototypeOf(candidate)
  return (candidate as FlowNode | null) ?? undefined
}

/** The hooks of the runtime. node-red-node-test-helper gives none to its nodes: there they are found beside node-red. */
export function hooksOf(runtime: Runtime): Hooks {
  if (runtime.hooks !== undefined) return runtime.hooks as Hooks
  const fromHere = createRequire(join(process.cwd(), 'package.json'))
  const besideNodeRed = createRequire(fromHere.resolve('node-red'))
  return (besideNodeRed('@node-red/util') as { hooks: Hooks }).hooks
}
