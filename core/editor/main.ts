import type { EditorHooks } from '../editor.ts'
import type { NodeType } from './check.ts'
import { listenForLessons } from './lesson.ts'
import { register } from './register.ts'

type Registration = readonly [spec: NodeType['spec'], colour: string, hooks?: EditorHooks]

declare global {
  interface Window {
    /** Nodes that wait for this script, or what registers them at once. */
    millraceNodes?: { push(registration: Registration): unknown }
  }
}

const waiting = (window.millraceNodes ?? []) as Iterable<Registration>
window.millraceNodes = { push: ([spec, colour, hooks]) => register(spec, colour, hooks) }
for (const registration of waiting) window.millraceNodes.push(registration)
listenForLessons()
