import type { Container, Delivery, Receiver } from 'rhea'

/** A part of a message, as rhea hands it from the connection to the session. */
interface Transfer {
  readonly payload?: Buffer
  readonly performative: { readonly more?: boolean }
}

interface Transferred {
  on_transfer(frame: Transfer): void
  readonly incoming: { readonly deliveries: { get_tail(): Delivery } }
}

/** A message whose bytes are none of AMQP. */
export interface Undecodable {
  readonly delivery: Delivery
  readonly wire: Buffer
  readonly error: unknown
}

/**
 * Keeps the bytes of the message that is being handed over, which rhea gives to nobody; for the
 * only link of a session, from before its first message. Call what it returns within the handler of
 * the message.
 * @param refuse takes a message that rhea cannot decode. rhea ends the connection at it, so that
 * the server would send it again and again, and nothing behind it would ever come.
 */
export function wireOf(
  receiver: Pick<Receiver, 'session' | 'connection'>,
  refuse: (undecodable: Undecodable) => void
): () => Buffer {
  const session = receiver.session as unknown as Transferred
  const handOver = session.on_transfer
  let parts: Buffer[] = []
  const wire = () => (parts.length === 1 ? parts[0]! : Buffer.concat(parts))
  session.on_transfer = frame => {
    if (frame.payload !== undefined) parts.push(frame.payload)
    const isWhole = frame.performative.more !== true
    try {
      handOver.call(session, frame)
    } catch (error) {
      if (!isWhole || isDecoded(receiver, wire())) throw error
      // It has been counted, and stands last of all that came.
      refuse({ delivery: session.incoming.deliveries.get_tail(), wire: wire(), error })
    } finally {
      if (isWhole) parts = []
    }
  }
  return wire
}

/** Whether the error is about something else, such as the order of frames. */
function isDecoded({ connection }: Pick<Receiver, 'connection'>, message: Buffer): boolean {
  try {
    containerOf(connection).message.decode(message)
    return true
  } catch {
    return false
  }
}

const containerOf = (connection: Receiver['connection']) => connection.container as Container

interface BoundReader {
  remaining(): number
  read_array_items(count: number, type: unknown): unknown[]
  read_bytes(count: number): Buffer
}

/**
 * rhea makes as many elements as an array of AMQP says that it has. Those without bytes, such as
 * null, may be four billion in ten bytes, which would end Node-RED. Of a text that says to be
 * longer than what is left it takes what there is. Here both are errors.
 */
export function boundReads({ types }: Pick<Container, 'types'>): void {
  const reader = (types as unknown as { Reader: { prototype: BoundReader } }).Reader.prototype
  if (Object.hasOwn(reader, BOUND)) return
  const { read_array_items: readItems, read_bytes: readBytes } = reader
  reader.read_array_items = function (count, type) {
    return readItems.call(this, within(count, this), type)
  }
  reader.read_bytes = function (count) {
    return readBytes.call(this, within(count, this))
  }
  Object.defineProperty(reader, BOUND, { value: true })
}

const BOUND = Symbol.for('millrace.amqp.bound-reads')

function within(count: number, reader: BoundReader): number {
  if (count <= reader.remaining()) return count
  throw new RangeError(`it says ${count} where ${reader.remaining()} bytes are left`)
}
