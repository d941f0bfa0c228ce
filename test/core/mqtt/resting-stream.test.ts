import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { rest, wake } from '../../../core/mqtt/resting-stream.ts'
import { until } from '../../until.ts'

describe('core/mqtt/resting-stream', () => {
  let one: Socket
  let other: Socket
  let came = 0
  beforeEach(async () => {
    came = 0
    const server = createServer()
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    const joined = new Promise<Socket>(joined => server.once('connection', joined))
    one = connect((server.address() as AddressInfo).port, '127.0.0.1')
    other = await joined
    server.close()
    one.on('data', (bytes: Buffer) => {
      came += bytes.length
    })
    other.write('first')
    await until('the first bytes', () => came === 5)
  })
  afterEach(() => {
    one.destroy()
    other.destroy()
  })

  const packets = (count: number) => {
    for (let index = 0; index < count; index++) other.write('packet')
  }

  it('leaves what comes with the kernel, and reads all of it afterwards', async () => {
    for (let round = 1; round < 4; round++) {
      const before = came
      rest(one)
      packets(50)
      // Where nothing is to happen a while has to pass.
      await wait(30)
      assert.equal(one.bytesRead, before)
      wake(one)
      await until('all packets', () => came === before + 300)
    }
  })

  it('reads on where more has come than a stream keeps', async () => {
    rest(one)
    other.write(Buffer.alloc(1_000_000))
    await wait(10)
    wake(one)
    await until('all', () => came === 1_000_005)
  })

  it('sees the end of the connection once it is awake', async () => {
    rest(one)
    other.end('last')
    const closed = new Promise<void>(closed => one.once('close', () => closed()))
    wake(one)
    await closed
    assert.equal(came, 9)
    wake(one)
  })
})
