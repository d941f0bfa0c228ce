import type { Socket } from 'node:net'
import { reasonOf } from './errors.ts'

/**
 * Drivers read what a server sends in listeners of the socket, and some without a catch: a server
 * that speaks another protocol would end the process. Here what these listeners throw ends the
 * connection, as an error of it.
 */
export function endOnRubbish(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (event: string, ...rest: unknown[]) => boolean
  socket.emit = (event: string, ...rest: unknown[]) => {
    if (event !== 'data') return emit(event, ...rest)
    try {
      return emit(event, ...rest)
    } catch (error) {
      socket.destroy(
        new Error(
          `The answer cannot be read (${reasonOf(error)}); maybe it is a server of another kind`,
          { cause: error }
        )
      )
      return true
    }
  }
}
