import type { Option, ParsedPacket } from 'coap-packet'

/** RFC 7252, 4.1: what a message wants of the one who gets it. */
export type MessageType = 'con' | 'non' | 'ack' | 'rst'

/** A message of CoAP, as it came. */
export interface Datagram {
  readonly type: MessageType
  /** Class and detail, such as `0.02` (POST); `0.00` of an empty message. */
  readonly code: string
  readonly messageId: number
  readonly token: Buffer
  readonly options: readonly Option[]
  readonly payload: Buffer
  /** As it was on the wire. */
  readonly bytes: Buffer
}

/** One to be sent. */
export interface Outgoing {
  readonly type: MessageType
  readonly code: string
  readonly messageId: number
  readonly token?: Buffer
  readonly options?: readonly Option[]
  readonly payload?: Buffer
}

/** A datagram that is no message of CoAP. */
export interface Malformed {
  /** Whom to reset; undefined for what is not to be answered. */
  readonly messageId: number | undefined
}

const HEADER_BYTES = 4
const MAX_TOKEN_BYTES = 8
/** More would not leave by one frame of Ethernet; RFC 7252, 4.6 counts with it too. */
const MAX_BYTES = 1280

type Coder = typeof import('coap-packet')

/** Writes and reads datagrams by `coap-packet`, which is loaded first. */
export class Codec {
  private constructor(private readonly coder: Coder) {}

  static async load(): Promise<Codec> {
    const loaded = (await import('coap-packet')) as Coder & { default?: Coder }
    return new Codec(loaded.default ?? loaded)
  }

  /** Throws nothing, whatever came. */
  read(bytes: Buffer): Datagram | Malformed {
    try {
      const parsed = this.coder.parse(bytes)
      if (this.#isWhole(bytes, parsed)) return datagramOf(parsed, bytes)
    } catch {
      // Cut off, or never of CoAP.
    }
    return { messageId: resettable(bytes) }
  }

  write({ type, code, messageId, token, options, payload }: Outgoing): Buffer {
    return this.coder.generate(
      {
        confirmable: type === 'con',
        ack: type === 'ack',
        reset: type === 'rst',
        code,
        messageId,
        ...(token !== undefined && { token }),
        ...(options !== undefined && { options: [...options] }),
        ...(payload !== undefined && { payload })
      },
      MAX_BYTES
    )
  }

  /**
   * The coder takes options that end beyond the datagram, tokens longer than allowed and a mark
   * without a payload. There is one way to write a message, so what is whole comes out as it went
   * in.
   */
  #isWhole(bytes: Buffer, { options, ...parsed }: ParsedPacket): boolean {
    if (parsed.token.length > MAX_TOKEN_BYTES) return false
    const again = this.coder.generate({ ...parsed, options: [...options] }, bytes.length)
    return again.equals(bytes)
  }
}

function datagramOf(parsed: ParsedPacket, bytes: Buffer): Datagram {
  const { code, confirmable, ack, reset, messageId, token, options, payload } = parsed
  const type = confirmable ? 'con' : ack ? 'ack' : reset ? 'rst' : 'non'
  return { type, code, messageId, token, options, payload, bytes }
}

/** RFC 7252, 4.2: a confirmable message that cannot be read is reset, any other ignored. */
function resettable(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES || (bytes[0]! & 0b1111_0000) !== 0b0100_0000) return undefined
  return bytes.readUInt16BE(2)
}
