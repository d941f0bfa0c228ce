/**
 * The begin of a connection, which the server answers itself: encryption refused, user and database
 * checked, no password.
 */
import type { Socket } from 'node:net'
import { errorResponse, startupParameters, welcome } from './messages.ts'
import { nextChunk } from './sockets.ts'

const sslRequest = 80_877_103
const gssRequest = 80_877_104
const cancelRequest = 80_877_102

/** Parameters of the start-up packet that are not settings of the session. */
const notSettings = new Set(['user', 'database', 'options', 'replication'])

export type Greeting = { user: string; database: string; parameters: Record<string, string> }

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`
const set = (name: string, value: string) =>
  `SET "${name.replaceAll('"', '""')}" TO ${quoted(value)}`

/**
 * The SET statements that a start-up packet stands for: its own parameters, and `-c name=value` in
 * its options.
 */
function settingsOf(parameters: Record<string, string>): string[] {
  const own = Object.entries(parameters).filter(
    ([name]) => !notSettings.has(name) && !name.startsWith('_pq_.')
  )
  const options = [...(parameters.options ?? '').matchAll(/(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)/g)]
  const statements = [
    ...own,
    ...options.map(([, name = '', value = '']) => [name, value.replace(/\\(.)/g, '$1')] as const)
  ]
  return statements.map(([name, value]) => set(name, value))
}

function refusal(parameters: Record<string, string>, allowed: Greeting): Buffer | undefined {
  const { user = '', database = user } = parameters
  if (user !== allowed.user) return errorResponse('FATAL', '28000', `role "${user}" does not exist`)
  if (database !== allowed.database)
    return errorResponse('FATAL', '3D000', `database "${database}" does not exist`)
  return undefined
}

/**
 * Reads the start-up packet and answers it. Undefined when the client is not let in, or wanted
 * nothing more.
 */
export async function greet(
  socket: Socket,
  id: number,
  allowed: Greeting
): Promise<{ settings: string[]; rest: Buffer } | undefined> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    while (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) {
      const chunk = await nextChunk(socket)
      if (!chunk) return undefined
      bytes = Buffer.concat([bytes, chunk])
    }
    const length = bytes.readInt32BE(0)
    const packet = bytes.subarray(0, length)
    bytes = bytes.subarray(length)
    const code = packet.readInt32BE(4)
    // a statement cannot be interrupted here, and a cancel request is never answered
    if (code === cancelRequest) return undefined
    if (code === sslRequest || code === gssRequest) {
      socket.write('N')
      continue
    }
    const parameters = startupParameters(packet)
    const no = refusal(parameters, allowed)
    if (no) {
      socket.end(no)
      return undefined
    }
    const { application_name: applicationName = '' } = parameters
    socket.write(welcome(id, id, { ...allowed.parameters, application_name: applicationName }))
    return { settings: settingsOf(parameters), rest: bytes }
  }
}
