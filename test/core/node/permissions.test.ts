import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeAPI } from 'node-red'
import { ROOT } from '../../house/sources.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
}

describe('the admin routes of the palette, in a Node-RED with a login', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  let routes: { method: string; path: string }[]

  before(async () => {
    const rooms = readdirSync(join(ROOT, 'nodes'))
    const nodes = await Promise.all(
      rooms.map(async room => (await import(`../../../nodes/${room}/runtime.ts`)).default)
    )
    const tokens = (permissions: string) => Promise.resolve({ username: permissions, permissions })
    let app: { _router: { stack: Layer[] } } | undefined
    const spy = (RED: NodeAPI) => {
      app = RED.httpAdmin as unknown as typeof app
    }
    red = await startNodeRed({
      nodes: [...(nodes as ((RED: NodeAPI) => void)[]), spy],
      settings: {
        adminAuth: {
          type: 'credentials',
          users: () => Promise.resolve(null),
          authenticate: () => Promise.resolve(null),
          tokens
        }
      }
    })
    routes = app!._router.stack
      .flatMap(({ route }) =>
        route
          ? Object.keys(route.methods).map(method => ({
              method: method.toUpperCase(),
              path: route.path
            }))
          : []
      )
      .filter(({ path }) => path.includes('millrace'))
  })
  after(() => red?.stop())

  async function status(method: string, path: string, permission?: string): Promise<number> {
    const body = method === 'POST' ? '{"action":"none"}' : null
    const login = permission === undefined ? {} : { authorization: `Bearer ${permission}` }
    return (
      await fetch(`${red.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...login },
        body
      })
    ).status
  }

  it('are those that docs/security.md is about', () => {
    assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).sort(), [
      'GET /millrace/doctor',
      'GET /millrace/metrics',
      'GET /millrace/metrics/prometheus',
      'POST /millrace/devices',
      'POST /millrace/forget',
      'POST /millrace/preview/millrace-aggregate',
      'POST /millrace/preview/millrace-alarm',
      'POST /millrace/preview/millrace-deadband',
      'POST /millrace/preview/millrace-decode',
      'POST /millrace/preview/millrace-device-registry',
      'POST /millrace/preview/millrace-enrich',
      'POST /millrace/preview/millrace-influx-sink',
      'POST /millrace/preview/millrace-join',
      'POST /millrace/preview/millrace-kafka-consumer',
      'POST /millrace/preview/millrace-mqtt-ingest',
      'POST /millrace/preview/millrace-normalize',
      'POST /millrace/preview/millrace-reshape',
      'POST /millrace/preview/millrace-route',
      'POST /millrace/preview/millrace-timescale-sink',
      'POST /millrace/preview/millrace-validate',
      'POST /millrace/probe/millrace-influx-server',
      'POST /millrace/probe/millrace-kafka-cluster',
      'POST /millrace/probe/millrace-mqtt-broker',
      'POST /millrace/probe/millrace-schema-registry',
      'POST /millrace/probe/millrace-timescale-database',
      'POST /millrace/queue'
    ])
  })

  it('answer nobody without a login', async () => {
    for (const { method, path } of routes) assert.equal(await status(method, path), 401, path)
  })

  it('give what was counted to whoever may read, and ask servers for whoever may deploy', async () => {
    for (const { method, path } of routes) {
      const needed = method === 'GET' ? 'millrace.read' : 'flows.write'
      const other = method === 'GET' ? 'write' : 'read'
      for (const permission of [needed, '*', needed.split('.')[1]!])
        assert.equal(await status(method, path, permission), 200, path)
      assert.equal(await status(method, path, other), 401, path)
    }
  })
})
