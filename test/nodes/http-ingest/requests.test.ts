import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Repeats } from '../../../nodes/http-ingest/repeats.ts'
import { Requests } from '../../../nodes/http-ingest/requests.ts'

describe('http-ingest requests', () => {
  let server: Server
  const repeats = new Repeats(Date.now)

  before(async () => {
    const requests = new Requests({
      intake: {
        askedOf: () => 'write',
        ready: undefined,
        open: () => {
          throw new Error('its library is broken')
        }
      },
      access: { allows: () => true, challenge: undefined },
      repeats,
      source: {
        hasRoomFor: () => true,
        isPaused: false,
        takeMany: () => assert.fail('Nothing was read.'),
        dropLane: () => undefined
      },
      waits: true,
      answerMs: 5_000,
      maxBodyBytes: 1 << 27,
      maxBytes: 1 << 27,
      uploadMs: 5_000,
      portion: 1,
      isSingle: false,
      inWords: answer => answer,
      now: Date.now
    })
    requests.start()
    server = createServer((asked, response) => requests.take('in', asked, response))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  })
  after(() => server.close())

  it('are let go of where they cannot be read, with their keys and their memory', async () => {
    const { port } = server.address() as AddressInfo
    const body = Buffer.alloc(33 << 20)
    for (let time = 0; time < 2; time++) assert.equal(await statusOf(port, body), 500)
    assert.equal(repeats.size, 0)
  })
})

async function statusOf(port: number, body: Buffer): Promise<number | undefined> {
  const headers = { 'Idempotency-Key': 'k' }
  const sent = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}
