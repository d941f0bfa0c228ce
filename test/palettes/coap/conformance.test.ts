// Mostly waits.
import { conformanceNodes } from '../../../core/conformance/nodes.ts'
import { type SourceSubject, sourceChecks } from '../../../core/conformance/source-checks.ts'
import endpoint from '../../../palettes/coap/nodes/coap-endpoint/runtime.ts'
import ingest from '../../../palettes/coap/nodes/coap-ingest/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { freePort, post } from './rig.ts'

const TRIES = 600

describe('conformance of the nodes of CoAP', function () {
  this.timeout(90_000)
  let nodeRed: RunningNodeRed
  let port: number
  let places = 0

  before(async () => {
    port = await freePort()
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, endpoint, ingest] })
  })
  after(() => nodeRed?.stop())

  /** A lane is a device that sends a body only when it has the answer to the one before. */
  const subject: SourceSubject = {
    type: 'millrace-coap-ingest',
    place() {
      const path = `conformance/${++places}`
      const before = new Map<number, Promise<void>>()
      const send = (lane: number, body: string) => {
        const turn = (before.get(lane) ?? Promise.resolve()).then(() => untilAnswered(path, body))
        before.set(lane, turn)
      }
      return Promise.resolve({
        config: { endpoint: 'endpoint', urlPath: path, access: 'open', acknowledge: 'stored' },
        around: [{ id: 'endpoint', type: 'millrace-coap-endpoint', port }],
        feed(bodies, lane) {
          if (bodies.every(body => body.startsWith('{')))
            for (let from = 0; from < bodies.length; from += 100)
              send(lane, `[${bodies.slice(from, from + 100).join(',')}]`)
          else for (const body of bodies) send(lane, body)
          return Promise.resolve()
        }
      })
    }
  }
  async function untilAnswered(path: string, body: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const block = body.length > 1024 ? { block: 6 } : {}
      const { code } = await post(port, path, body, block)
      if (code === '2.04' || code === '4.00') return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  describe('coap-ingest', () => {
    for (const check of sourceChecks) it(check.name, () => check.run(nodeRed, subject))
  })
})
