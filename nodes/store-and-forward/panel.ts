import { join } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import { dialogRoute } from '../../core/node/probe/route.ts'
import { leftBehindIn } from './left-behind.ts'
import { type NodeRedOfQueue, queuesIn, type StoreAndForward } from './node.ts'

type Running = Map<string, StoreAndForward>
const runningOf = new WeakMap<object, Running>()
const withRoute = new WeakSet<object>()

/** The nodes of a runtime, by their ids. */
export function runningIn(RED: NodeRedOfQueue): Running {
  const known = runningOf.get(RED.events) ?? new Map<string, StoreAndForward>()
  runningOf.set(RED.events, known)
  return known
}

/**
 * `POST /millrace/queue` with `{ id, action }`: what waits in the node, after it has done what the
 * dialog asks. As guarded as what any dialog asks.
 */
export function panelRoute(RED: NodeRedOfQueue): void {
  const app = RED.httpAdmin as NodeRedOfQueue['httpAdmin'] | undefined
  if (!app || withRoute.has(app)) return
  withRoute.add(app)
  dialogRoute(RED, '/millrace/queue', 'Try again in a few seconds.', async body => {
    const { id, action, of } = (body ?? {}) as Record<string, unknown>
    const node = runningIn(RED).get(String(id))
    if (node === undefined) return { ok: false, message: 'The node does not run: deploy it first.' }
    try {
      const message = await act(RED, node, String(action), String(of))
      return { ok: true, message, ...node.standing, leftBehind: leftBehindIn(queuesIn(RED)) }
    } catch (error) {
      return { ok: false, message: reasonOf(error) }
    }
  })
}

/** Gives what was done, in a sentence. */
async function act(
  RED: NodeRedOfQueue,
  node: StoreAndForward,
  action: string,
  of: string
): Promise<string> {
  switch (action) {
    case 'again':
      await node.again()
      return 'Everything that waits is being sent.'
    case 'clear':
      return `${await node.clear()} records were left out.`
    case 'aside':
      return `The damaged queue is in ${await node.putAside()} now, and a new one begins.`
    case 'known':
      await node.acceptDamage()
      return 'What was damaged is deleted.'
    case 'adopt': {
      // Only what stands in the list, so that nobody can name another folder.
      const found = leftBehindIn(queuesIn(RED)).find(({ folder }) => folder === of)
      if (found === undefined) throw new Error('There is no such queue any more.')
      return node.adopt(join(queuesIn(RED), found.folder))
    }
    default:
      return ''
  }
}
