/** Reading and writing sockets no faster than the other side. */
import type { Socket } from 'node:net'

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
