/** Is it ready? Each probe speaks the service's protocol: an open port alone says nothing. */
import { connect } from 'node:net'

const host = '127.0.0.1'

/**
 * Sends bytes and gives all that came back so far to `judge` until it says true or false. False on
 * silence or a closed socket.
 */
export function ask(
  port: number,
  request: Buffer,
  judge: (answer: Buffer) => boolean | undefined,
  timeoutMs = 1500
): Promise<boolean> {
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

/** MQTT 5 CONNECT; any CONNACK will do, whatever its reason code. */
export function probeMqtt(port: number): Promise<boolean> {
  const clientId = 'probe'
  const body = Buffer.concat([
    Buffer.from([0, 4]),
    Buffer.from('MQTT'),
    Buffer.from([5, 2, 0, 10, 0, 0, clientId.length]),
    Buffer.from(clientId)
  ])
  return ask(
    port,
    Buffer.concat([Buffer.from([0x10, body.length]), body]),
    answer => answer[0] === 0x20
  )
}

/** PostgreSQL start-up packet; 'R' (authentication) means ready, 'E' that it still starts. */
export function probePostgres(port: number, user: string, database: string): Promise<boolean> {
  const body = Buffer.concat([
    Buffer.from([0, 3, 0, 0]),
    Buffer.from(`user\0${user}\0database\0${database}\0\0`)
  ])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return ask(port, Buffer.concat([length, body]), answer => answer[0] === 0x52)
}
