/** Reading and writing sockets no faster than the other side. */
import type { Socket } from 'node:net'
import { lengthOf } from './messages.ts'

/** Resolves when what was written has gone out, or the socket is closed. */
export function drained(socket: Socket): Promise<void> {
  return new Promise(done => {
    socket.once('drain', done)
    socket.once('close', done)
  })
}

/** The next bytes of a paused socket; undefined at its end. */
export function nextChunk(socket: Socket): Promise<Buffer | undefined> {
  return new Promise(done => {
    const finish = (chunk?: Buffer) => {
      socket.pause()
      socket.off('data', finish).off('end', finish).off('close', finish)
      done(Buffer.isBuffer(chunk) ? chunk : undefined)
    }
    if (socket.destroyed || socket.readableEnded) return done(undefined)
    socket.on('data', finish).on('end', finish).on('close', finish)
    socket.resume()
  })
}

/**
 * Reads on until the message that has begun is whole (and more of the next one may be there).
 * Undefined at the end.
 */
export async function untilWhole(socket: Socket, begin: Buffer): Promise<Buffer | undefined> {
  let chunks = [begin]
  let bytes = begin.length
  let needed = lengthOf(begin)
  while (bytes < needed) {
    const chunk = await nextChunk(socket)
    if (!chunk) return undefined
    chunks.push(chunk)
    bytes += chunk.length
    // its length is known from its first five bytes on
    if (needed === 5 && bytes >= 5) {
      chunks = [Buffer.concat(chunks)]
      needed = lengthOf(chunks[0]!)
    }
  }
  return Buffer.concat(chunks)
}
