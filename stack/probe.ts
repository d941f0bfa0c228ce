/** Is it ready? Each probe speaks the service's protocol: an open port alone says nothing. */
import { connect } from 'node:net'

const host = '127.0.0.1'

/** Sends bytes and gives all that came back so far to `judge` until it says true or false. False on silence or a closed socket. */
function ask(port: number, request: Buffer, judge: (answer: Buffer) => boolean | undefined, timeoutMs = 1500): Promise<boolean> {
  return new Promise(done => {
    let answer = Buffer.alloc(0)
    const socket = connect(port, host)
    const finish = (verdict: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      done(verdict)
    }
    const timer = setTimeout(finish, timeoutMs, false)
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('connect', () => socket.write(request))
    socket.on('data', chunk => {
      answer = Buffer.concat([answer, chunk])
      const verdict = judge(answer)
      if (verdict !== undefined) finish(verdict)
    })
  })
}

function withLength(body: Buffer, includesItself: boolean): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + (includesItself ? 4 : 0))
  return Buffer.concat([length, body])
}

/** MQTT 5 CONNECT; any CONNACK will do, whatever its reason code. */
export function probeMqtt(port: number): Promise<boolean> {
  const clientId = 'probe'
  const body = Buffer.concat([
    Buffer.from([0, 4]),
    Buffer.from('MQTT'),
    Buffer.from([5, 2, 0, 10, 0, 0, clientId.length]),
    Buffer.from(clientId)
  ])
  return ask(port, Buffer.concat([Buffer.from([0x10, body.length]), body]), answer => answer[0] === 0x20)
}

/** Kafka Metadata v1 about no topic: one broker and a controller must be known. */
export function probeKafka(port: number): Promise<boolean> {
  const client = Buffer.from('probe')
  const header = Buffer.from([0, 3, 0, 1, 0, 0, 0, 7, 0, client.length])
  const noTopics = Buffer.alloc(4)
  return ask(port, withLength(Buffer.concat([header, client, noTopics]), false), answer => {
    if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return undefined
    let at = 8
    const brokers = answer.readInt32BE(at)
    at += 4
    for (let i = 0; i < brokers; i++) {
      at += 4
      at += 2 + answer.readInt16BE(at) + 4
      at += 2 + Math.max(answer.readInt16BE(at), 0)
    }
    return brokers > 0 && answer.readInt32BE(at) >= 0
  })
}

/** PostgreSQL start-up packet; 'R' (authentication) means ready, 'E' that it still starts. */
export function probePostgres(port: number, user: string, database: string): Promise<boolean> {
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`user\0${user}\0database\0${database}\0\0`)])
  return ask(port, withLength(body, true), answer => answer[0] === 0x52)
}
