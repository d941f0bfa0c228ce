import type { Duplex } from 'node:stream'

/** Of Node's sockets, with TLS and without; other streams have none. */
interface Handle {
  reading: boolean
  readStop(): unknown
}
const handleOf = (stream: Duplex) =>
  (stream as Duplex & { readonly _handle?: Handle | null })._handle

/**
 * Leaves what comes with the kernel. A stream that is only paused still reads until its own buffer
 * is full, which takes as long for each small packet as to deal with it.
 */
export function rest(stream: Duplex): void {
  stream.pause()
  const handle = handleOf(stream)
  if (!handle?.reading || typeof handle.readStop !== 'function') return
  handle.reading = false
  handle.readStop()
}

/** Reads on. */
export function wake(stream: Duplex): void {
  stream.resume()
  // A stream that has asked for bytes waits for them, and does not ask again.
  if (handleOf(stream)?.reading === false) stream._read(0)
}
