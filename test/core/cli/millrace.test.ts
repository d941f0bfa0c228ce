import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import mqttBroker from '../../../nodes/mqtt-broker/runtime.ts'
import { ROOT } from '../../house/sources.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'

describe('npx millrace doctor, where Node-RED has a login', function () {
  this.timeout(60_000)
  const events: string[] = []
  let red: RunningNodeRed
  let isFailing = false
  const failing = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (isFailing && request.url === '/millrace/doctor') response.writeHead(500).end()
    else next()
  }

  before(async () => {
    const handler =
      () =>
      ({ event }: { event?: string }) =>
        event?.startsWith('auth.login') && events.push(event)
    const users = (username: string) => Promise.resolve({ username, permissions: '*' })
    red = await startNodeRed({
      nodes: [mqttBroker],
      settings: {
        logging: { told: { level: 'off', metrics: false, audit: true, handler } },
        adminAuth: { type: 'credentials', users, authenticate: users },
        httpAdminMiddleware: failing
      }
    })
  })
  after(() => red?.stop())
  beforeEach(() => {
    events.length = 0
  })

  const doctor = (environment: object): Promise<{ code: number; err: string }> =>
    new Promise(resolve =>
      execFile(
        process.execPath,
        ['--import', 'tsx', join(ROOT, 'core/cli/millrace.ts'), 'doctor', '--url', red.url],
        { cwd: ROOT, env: { ...process.env, MILLRACE_TOKEN: '', ...environment } },
        (error, _out, err) => resolve({ code: error ? Number(error.code) : 0, err })
      )
    )

  for (const code of [0, 2])
    it(`leaves no session behind, where it ends with ${code}`, async () => {
      isFailing = code === 2
      const ran = await doctor({ MILLRACE_USER: 'operator', MILLRACE_PASSWORD: 'p' })
      assert.equal(ran.code, code, ran.err)
      assert.deepEqual(events, ['auth.login', 'auth.login.revoke'])
    })
})
