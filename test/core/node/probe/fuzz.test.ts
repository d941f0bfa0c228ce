// Mostly waits.
import assert from 'node:assert/strict'
import { build } from '../../../../build.ts'
import { NodeRedProcess } from '../../../node-red-process.ts'
import { until } from '../../../until.ts'
import { type FuzzRequest, fuzzer } from './requests.ts'
import { rubbishServers, type StrangeServer, silent } from './strange-servers.ts'

const REQUESTS = process.env.MILLRACE_CRASH === 'long' ? 2500 : 1000
/** As many as the route lets run: each may take its ten seconds. */
const AT_ONCE = 8
const ANSWER_LIMIT_MS = 11_000
/** What of a slow answer is due to a busy machine. */
const SLACK_MS = 2_000

describe('admin routes, asked anything', function () {
  this.timeout(300_000)
  let nodeRed: NodeRedProcess
  let rubbish: StrangeServer[]
  let mute: StrangeServer

  before(async () => {
    await build()
    rubbish = await rubbishServers()
    mute = await silent()
    nodeRed = new NodeRedProcess({
      flow: [
        { id: 'tab', type: 'tab' },
        { id: 'tls', type: 'tls-config', cert: '', key: '', ca: '', verifyservercert: true }
      ]
    })
    await nodeRed.start()
  })
  after(async () => {
    await nodeRed?.remove()
    await Promise.all([...(rubbish ?? []), mute].map(server => server?.close()))
  })

  const connections = () => [...rubbish, mute].reduce((sum, { open }) => sum + open.size, 0)

  /** Node-RED breaks the connection off where a body is longer than its five megabytes. */
  async function ask(
    path: string,
    request: Omit<FuzzRequest, 'path'>
  ): Promise<{ status: number; body: string }> {
    try {
      const answer = await fetch(`${nodeRed.url}${path}`, {
        ...request,
        signal: AbortSignal.timeout(60_000)
      })
      return { status: answer.status, body: await answer.text() }
    } catch (error) {
      if ((request.body?.length ?? 0) > 5_000_000) return { status: 413, body: '' }
      throw new Error(`${path} ${request.body?.slice(0, 1000)}\n${nodeRed.output}`, {
        cause: error
      })
    }
  }

  it(`answers ${REQUESTS} generated requests within 11 s each, lives, and leaves no connection behind`, async () => {
    const next = fuzzer({
      seed: 20_261_128,
      rubbish: rubbish.map(({ port }) => port),
      mute: mute.port
    })
    const late: string[] = []
    const odd: string[] = []
    let left = REQUESTS
    const worker = async () => {
      while (left-- > 0) {
        const { path, ...request } = next()
        const shown = `${path} ${String(request.body).slice(0, 300)}`
        const began = performance.now()
        const { status, body } = await ask(path, request)
        if (performance.now() - began > ANSWER_LIMIT_MS + SLACK_MS) late.push(shown)
        if (status >= 500 || /Maximum call stack|is not a function|of undefined|of null/.test(body))
          odd.push(`${shown} → ${body}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    assert.deepEqual({ late, odd }, { late: [], odd: [] })
    await until('every connection to be closed', () => connections() === 0, 10_000)
    assert.ok((await nodeRed.metrics()).nodes, 'Node-RED lives')
    assert.doesNotMatch(nodeRed.output, /uncaught|unhandled/i)
  })
})
