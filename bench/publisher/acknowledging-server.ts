/**
 * Takes MQTT 5 PUBLISH packets of QoS 1 and does nothing but acknowledge them: the publisher's own
 * limit shows against it.
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

const CONNACK = Buffer.from([0x20, 3, 0, 0, 0])

function serve(socket: Socket): void {
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const answers: Buffer[] = []
    let at = 0
    for (;;) {
      const body = bodyOf(bytes, at)
      if (!body) break
      if (bytes[at] === 0x10) answers.push(CONNACK)
      if (bytes[at] === 0x32) {
        const id = body.from + 2 + bytes.readUInt16BE(body.from)
        answers.push(Buffer.from([0x40, 2, bytes[id]!, bytes[id + 1]!]))
      }
      at = body.to
    }
    rest = Buffer.from(bytes.subarray(at))
    if (answers.length > 0) socket.write(Buffer.concat(answers))
  })
}

/** The body of the packet at `at`, when it is whole; the length has one or two bytes here. */
function bodyOf(bytes: Buffer, at: number): { from: number; to: number } | undefined {
  const [first, second] = [bytes[at + 1], bytes[at + 2]]
  if (first === undefined || second === undefined) return undefined
  const [from, length] = first < 128 ? [at + 2, first] : [at + 3, (first & 127) + second * 128]
  return from + length <= bytes.length ? { from, to: from + length } : undefined
}

const server = createServer(serve).listen(0, '127.0.0.1', () =>
  process.send?.((server.address() as AddressInfo).port)
)
process.on('disconnect', () => process.exit(0))
