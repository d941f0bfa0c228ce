/** Room before the body of a request for what every request begins with. */
const HEAD_BYTES = 256
/** Size, kind and version of the request, its number, and the length of the client's id. */
const FIXED_BYTES = 14

/** The body of a request, with room before it. */
export class RequestBody {
  private constructor(readonly whole: Buffer) {}

  /** Copies so many bytes. */
  static of(bytes: Buffer, length: number): RequestBody {
    const whole = Buffer.allocUnsafeSlow(HEAD_BYTES + length)
    bytes.copy(whole, HEAD_BYTES, 0, length)
    return new RequestBody(whole)
  }

  /** These two are what kafkajs asks of an encoder of its own. */
  get buffer(): Buffer {
    return this.whole.subarray(HEAD_BYTES)
  }
  get buf(): Buffer {
    return this.buffer
  }
}

interface Request {
  readonly apiKey: number
  readonly apiVersion: number
  encode(): Promise<{ readonly buffer: Buffer }>
}

/**
 * A request as it is sent (https://kafka.apache.org/protocol#protocol_messages). kafkajs copies the
 * body of each twice, into zeroed buffers; a body with room before it is not copied here.
 */
export async function frameRequest({
  correlationId,
  clientId,
  request
}: {
  readonly correlationId: number
  readonly clientId: string | null
  readonly request: Request
}): Promise<{ readonly buffer: Buffer }> {
  const body = await request.encode()
  const head = FIXED_BYTES + (clientId === null ? 0 : Buffer.byteLength(clientId))
  if (body instanceof RequestBody && head <= HEAD_BYTES) {
    const framed = body.whole.subarray(HEAD_BYTES - head)
    putHead(framed, request, correlationId, clientId)
    return { buffer: framed }
  }
  const { buffer } = body
  const framed = Buffer.allocUnsafe(head + buffer.length)
  putHead(framed, request, correlationId, clientId)
  buffer.copy(framed, head)
  return { buffer: framed }
}

function putHead(
  framed: Buffer,
  { apiKey, apiVersion }: Request,
  correlationId: number,
  clientId: string | null
): void {
  framed.writeInt32BE(framed.length - 4, 0)
  framed.writeInt16BE(apiKey, 4)
  framed.writeInt16BE(apiVersion, 6)
  framed.writeInt32BE(correlationId, 8)
  framed.writeInt16BE(clientId === null ? -1 : Buffer.byteLength(clientId), 12)
  if (clientId !== null) framed.write(clientId, FIXED_BYTES)
}
