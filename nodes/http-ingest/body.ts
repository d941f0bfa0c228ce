import type { IncomingMessage } from 'node:http'
import { busy, HttpRefusal } from './refusal.ts'

export interface BodyLimits {
  readonly maxBytes: number
  readonly withinMs: number
  /** So many more have come; false where there is no memory for them. */
  grow(bytes: number): boolean
}

/** The sender has gone before its body was whole: nobody is there to be answered. */
export const GONE = Symbol('the sender has gone')

/** Reads a body, no more of it than allowed and for no longer. Never rejects. */
export function readBody(
  request: IncomingMessage,
  { maxBytes, withinMs, grow }: BodyLimits
): Promise<Buffer | HttpRefusal | typeof GONE> {
  if (announced(request) > maxBytes) return Promise.resolve(tooLarge(maxBytes))
  if (request.readableEnded) return Promise.resolve(READ_BEFORE)
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let bytes = 0
    const end = (result: Buffer | HttpRefusal | typeof GONE) => {
      clearTimeout(timer)
      request.off('data', take).off('end', whole).off('close', gone).off('error', gone)
      // Without a listener an error of the socket that comes later would end the process.
      request.on('error', () => undefined)
      resolve(result)
    }
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) end(tooLarge(maxBytes))
      else if (grow(chunk.length)) chunks.push(chunk)
      else end(busy(503, 'There is no memory for more at the moment.', true))
    }
    const whole = () => end(Buffer.concat(chunks, bytes))
    const gone = () => end(GONE)
    const timer = setTimeout(() => end(tooSlow(withinMs)), withinMs)
    request.on('data', take).on('end', whole).on('close', gone).on('error', gone)
  })
}

/** As its sender says; 0 where it does not. */
export const announced = ({ headers }: Pick<IncomingMessage, 'headers'>): number =>
  Number(headers['content-length'] ?? 0)

const READ_BEFORE = new HttpRefusal(
  503,
  'Something in front of the http ingest node has read the body already, so its bytes are gone.'
)

const tooLarge = (maxBytes: number) =>
  new HttpRefusal(413, `The body is larger than ${maxBytes} bytes.`, {}, true)

const tooSlow = (withinMs: number) =>
  new HttpRefusal(408, `The body was not whole after ${withinMs / 1000} s.`, {}, true)
