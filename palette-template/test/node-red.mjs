/**
 * A Node-RED in this process that has the nodes of this palette and those of the kit, and nothing
 * else.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const RED = require('node-red')

export async function startNodeRed() {
  const userDir = mkdtempSync(join(tmpdir(), 'my-telemetry-'))
  const kit = join(userDir, 'kit')
  mkdirSync(kit)
  const path = JSON.stringify(require.resolve('@millrace/node-red-telemetry/conformance'))
  writeFileSync(join(kit, 'kit.js'), `module.exports = require(${path}).conformanceNodes`)
  writeFileSync(join(kit, 'kit.html'), '')
  const server = createServer()
  await new Promise(listening => server.listen(0, '127.0.0.1', listening))
  RED.init(server, {
    userDir,
    nodesDir: [kit, join(import.meta.dirname, '..', 'dist')],
    disableEditor: true,
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'warn', metrics: false, audit: false } }
  })
  const first = started()
  await RED.start()
  await first
  return {
    async deploy(flow) {
      const again = started()
      await RED.runtime.flows.setFlows({ flows: { flows: [...flow] }, deploymentType: 'full' })
      await again
    },
    async stop() {
      await RED.stop()
      server.close()
      rmSync(userDir, { recursive: true, force: true, maxRetries: 10 })
    }
  }
}

const started = () => new Promise(resolve => RED.events.once('flows:started', resolve))
