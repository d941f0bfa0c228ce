import type { NodeAPI } from 'node-red'
import { reasonOf } from '../../errors.ts'
import { editorOnly } from './guard.ts'
import { enter, leave } from './turns.ts'

const MAX_REASON = 1_000

/**
 * A route that answers an open dialog: JSON of the editor's own pages, asked by who may deploy a
 * flow (who can reach the same servers with the same secrets anyway), and few at a time.
 * @param answer what goes wrong is a sentence in it, also where it rejects
 * @param busy what is said where too many are asked for at once
 */
export function dialogRoute(
  RED: NodeAPI,
  path: string,
  busy: string,
  answer: (body: unknown) => Promise<object>
): void {
  const app = RED.httpAdmin as NodeAPI['httpAdmin'] | undefined
  if (!app) return
  const mayDeploy = RED.auth.needsPermission('flows.write')
  app.post(path, mayDeploy, editorOnly, async (request, response) => {
    if (!enter()) {
      response.status(429).json({ ok: false, message: busy })
      return
    }
    try {
      response.json(await answer(request.body as unknown))
    } catch (error) {
      // Out of here it would end Node-RED. Also of an answer that cannot be written as JSON.
      response.json({ ok: false, message: reasonOf(error).slice(0, MAX_REASON) })
    } finally {
      leave()
    }
  })
}
