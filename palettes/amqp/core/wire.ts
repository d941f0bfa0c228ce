import type { Receiver } from 'rhea'

/** A part of a message, as rhea hands it from the connection to the session. */
interface Transfer {
  readonly payload?: Buffer
  readonly performative: { readonly more?: boolean }
}

interface Transferred {
  on_transfer(frame: Transfer): void
}

/**
 * Keeps the bytes of the message that is being handed over, which rhea gives to nobody; for the
 * only link of a session, from before its first message. Call what it returns within the handler of
 * the message.
 */
export function wireOf(receiver: Pick<Receiver, 'session'>): () => Buffer {
  const session = receiver.session as unknown as Transferred
  const handOver = session.on_transfer
  let parts: Buffer[] = []
  session.on_transfer = frame => {
    if (frame.payload !== undefined) parts.push(frame.payload)
    try {
      handOver.call(session, frame)
    } finally {
      if (frame.performative.more !== true) parts = []
    }
  }
  return () => (parts.length === 1 ? parts[0]! : Buffer.concat(parts))
}
