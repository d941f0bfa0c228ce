/**
 * Is Kafka ready? It knows a controller, and leads all its partitions. After a crash it answers
 * Metadata requests some time before that, and then refuses every other one with "not the leader
 * for that topic-partition".
 */
import { ask } from '../probe.ts'

const metadataKey = 3
const listOffsetsKey = 2

class Reader {
  private at: number
  private readonly bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  int16(): number {
    this.skip(2)
    return this.bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.skip(4)
    return this.bytes.readInt32BE(this.at - 4)
  }

  /** Null, whose length is -1, is ''. */
  text(): string {
    const length = Math.max(0, this.int16())
    this.skip(length)
    return this.bytes.toString('utf8', this.at - length, this.at)
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.int32() }, read)
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const text = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
const list = (parts: Buffer[]) => Buffer.concat([int32(parts.length), ...parts])
const latestOffset = Buffer.alloc(8, 0xff)

/**
 * Sends a request in version 1 and gives its whole response, behind the correlation id, to the
 * judge.
 */
function request(
  port: number,
  apiKey: number,
  body: Buffer,
  judge: (response: Reader) => boolean
): Promise<boolean> {
  const message = Buffer.concat([int16(apiKey), int16(1), int32(0), text('probe'), body])
  return ask(port, Buffer.concat([int32(message.length), message]), answer => {
    const isWhole = answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)
    return isWhole ? judge(new Reader(answer, 8)) : undefined
  })
}

type Partition = { id: number; leader: number; replicas: number[]; inSync: number[] }
export type Topic = { name: string; partitions: Partition[] }
export type Metadata = { brokers: number[]; topics: Topic[] }

/**
 * What a broker says of the cluster; undefined while no broker, no controller or not every leader
 * is known.
 */
export async function metadata(port: number): Promise<Metadata | undefined> {
  let found: Metadata = { brokers: [], topics: [] }
  const isKnown = await request(port, metadataKey, int32(-1), response => {
    const brokers = response.list(() => {
      const id = response.int32()
      response.text()
      response.int32()
      response.text()
      return id
    })
    const controller = response.int32()
    let errors = 0
    const topics = response.list(() => {
      response.skip(2)
      const name = response.text()
      response.skip(1)
      const partitions = response.list(() => {
        if (response.int16() !== 0) errors++
        const [id, leader] = [response.int32(), response.int32()]
        const replicas = response.list(() => response.int32())
        return { id, leader, replicas, inSync: response.list(() => response.int32()) }
      })
      return { name, partitions }
    })
    found = { brokers, topics }
    return brokers.length > 0 && controller >= 0 && errors === 0
  })
  return isKnown ? found : undefined
}

/** Asks for the last offset of each partition, which only its leader tells. */
function leads(port: number, topics: Topic[]): Promise<boolean> {
  const wanted = topics.map(topic =>
    Buffer.concat([
      text(topic.name),
      list(topic.partitions.map(({ id }) => Buffer.concat([int32(id), latestOffset])))
    ])
  )
  return request(port, listOffsetsKey, Buffer.concat([int32(-1), list(wanted)]), response => {
    const errors = response.list(() => {
      response.text()
      return response.list(() => {
        response.skip(4)
        const error = response.int16()
        response.skip(16)
        return error
      })
    })
    return errors.flat().every(error => error === 0)
  })
}

export async function probeKafka(port: number): Promise<boolean> {
  const found = await metadata(port)
  return found !== undefined && leads(port, found.topics)
}
