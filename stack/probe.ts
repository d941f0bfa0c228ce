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

/** Reads Kafka's types one after the other. */
class KafkaReader {
  private at: number
  private readonly bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  int16(): number {
    this.at += 2
    return this.bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.bytes.readInt32BE(this.at - 4)
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  skipText(): void {
    // -1 is null
    this.skip(Math.max(0, this.int16()))
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.int32() }, read)
  }
}

/** Whether a Metadata v1 response names a broker and a controller, and a leader for every partition. */
function isComplete(response: Buffer): boolean {
  const reader = new KafkaReader(response, 8)
  const brokers = reader.list(() => {
    reader.skip(4)
    reader.skipText()
    reader.skip(4)
    reader.skipText()
  })
  const controller = reader.int32()
  const errors = reader.list(() => {
    reader.skip(2)
    reader.skipText()
    reader.skip(1)
    return reader.list(() => {
      const error = reader.int16()
      reader.skip(8)
      reader.list(() => reader.int32())
      reader.list(() => reader.int32())
      return error
    })
  })
  return brokers.length > 0 && controller >= 0 && errors.flat().every(error => error === 0)
}

/** Kafka Metadata v1 about all topics: after a crash the broker answers before it leads its partitions again. */
export function probeKafka(port: number): Promise<boolean> {
  const client = Buffer.from('probe')
  const header = Buffer.from([0, 3, 0, 1, 0, 0, 0, 7, 0, client.length])
  const allTopics = Buffer.from([255, 255, 255, 255])
  return ask(port, withLength(Buffer.concat([header, client, allTopics]), false), answer => {
    const isWhole = answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)
    return isWhole ? isComplete(answer) : undefined
  })
}

/** PostgreSQL start-up packet; 'R' (authentication) means ready, 'E' that it still starts. */
export function probePostgres(port: number, user: string, database: string): Promise<boolean> {
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`user\0${user}\0database\0${database}\0\0`)])
  return ask(port, withLength(body, true), answer => answer[0] === 0x52)
}
