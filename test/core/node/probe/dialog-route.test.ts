import assert from 'node:assert/strict'
import type { NodeAPI } from 'node-red'
import { dialogRoute } from '../../../../core/node/probe/route.ts'

type Handler = (request: object, response: object) => Promise<void>

/** What the route of this answer says; rejects where Node-RED would end. */
async function said(answer: () => Promise<object>): Promise<{ ok: boolean; message?: string }> {
  let handler: Handler | undefined
  const RED = {
    auth: { needsPermission: () => () => undefined },
    httpAdmin: { post: (...parts: unknown[]) => (handler = parts.at(-1) as Handler) }
  }
  dialogRoute(RED as unknown as NodeAPI, '/x', 'busy', answer)
  const written: string[] = []
  const response = { json: (body: object) => written.push(JSON.stringify(body)) }
  await handler!({ body: {} }, response)
  assert.equal(written.length, 1)
  return JSON.parse(written[0]!) as { ok: boolean; message?: string }
}

describe('core/node: the route of a dialog', () => {
  it('says in words that an answer failed, or cannot be written', async () => {
    const circular: Record<string, unknown> = { ok: true }
    circular.itself = circular
    const answers = [
      () => Promise.reject(new Error('It is broken.')),
      () => Promise.resolve(circular),
      () => Promise.resolve({ number: 1n })
    ]
    for (const answer of answers) {
      const { ok, message } = await said(answer)
      assert.equal(ok, false)
      assert.ok(message!.length > 5)
    }
    assert.deepEqual(await said(() => Promise.resolve({ ok: true })), { ok: true })
  })
})
