/**
 * PostgreSQL's wire protocol, version 3, as far as a server in the middle must read and write it:
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */

/**
 * A message from a client or to it: a type byte, four bytes of length (which count themselves), the
 * body.
 */
export type Message = Buffer

export const typeOf = (message: Message): string => String.fromCharCode(message[0]!)
export const bodyOf = (message: Message): Buffer => message.subarray(5)

export function makeMessage(type: string, ...parts: (Buffer | string | number[])[]): Message {
  const body = Buffer.concat(
    parts.map(part => (typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part)))
  )
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Cuts bytes into whole messages and the rest that is not whole yet. */
export function splitMessages(bytes: Buffer): { messages: Message[]; rest: Buffer } {
  const messages: Message[] = []
  let at = 0
  while (bytes.length - at >= 5) {
    const end = at + lengthOf(bytes.subarray(at, at + 5))
    if (end > bytes.length) break
    messages.push(bytes.subarray(at, end))
    at = end
  }
  return { messages, rest: bytes.subarray(at) }
}

/** How many bytes the message that begins here has, as far as that can be said yet. */
export function lengthOf(begin: Buffer): number {
  return begin.length < 5 ? 5 : 1 + begin.readInt32BE(1)
}

/** The zero-terminated text that begins at this offset of the body, and the offset after it. */
function readText(body: Buffer, at: number): { text: string; next: number } {
  const end = body.indexOf(0, at)
  return { text: body.toString('utf8', at, end), next: end + 1 }
}

/** The SQL of a simple query (Q) or of a statement to prepare (P). */
export function sqlOf(message: Message): string {
  const body = bodyOf(message)
  return typeOf(message) === 'Q'
    ? readText(body, 0).text
    : readText(body, readText(body, 0).next).text
}

/** Whether the message speaks of the unnamed statement. */
export function usesUnnamed(message: Message): boolean {
  const body = bodyOf(message)
  switch (typeOf(message)) {
    case 'P':
      return body[0] === 0
    case 'B':
      return body[body.indexOf(0) + 1] === 0
    case 'D':
      return body[0] === 0x53 && body[1] === 0
    default:
      return false
  }
}

/** The name of the statement that the message prepares or closes; '' for any other message. */
export function statementOf(message: Message): string {
  const body = bodyOf(message)
  if (typeOf(message) === 'P') return readText(body, 0).text
  return typeOf(message) === 'C' && body[0] === 0x53 ? readText(body, 1).text : ''
}

/**
 * Puts a prefix before the names of statements and portals, so that those of two clients do not
 * meet. Unnamed ones stay so.
 */
export function withPrefix(message: Message, prefix: string): Message {
  const body = bodyOf(message)
  const named = (name: string) => (name === '' ? '' : prefix + name)
  switch (typeOf(message)) {
    case 'P':
    case 'E': {
      const { text, next } = readText(body, 0)
      return text === '' ? message : makeMessage(typeOf(message), named(text), body.subarray(next))
    }
    case 'B': {
      const portal = readText(body, 0)
      const statement = readText(body, portal.next)
      if (portal.text === '' && statement.text === '') return message
      return makeMessage(
        'B',
        named(portal.text),
        named(statement.text),
        body.subarray(statement.next)
      )
    }
    case 'D':
    case 'C': {
      const { text } = readText(body, 1)
      return text === '' ? message : makeMessage(typeOf(message), body.subarray(0, 1), named(text))
    }
    default:
      return message
  }
}

export const simpleQuery = (sql: string): Message => makeMessage('Q', sql)
export const readyForQuery = (status: string): Message =>
  makeMessage('Z', Buffer.from(status, 'latin1'))

export function errorResponse(severity: 'ERROR' | 'FATAL', code: string, message: string): Message {
  const field = (type: string, value: string) => Buffer.from(`${type}${value}\0`)
  return makeMessage(
    'E',
    field('S', severity),
    field('V', severity),
    field('C', code),
    field('M', message),
    [0]
  )
}

/**
 * Asks the client for the rows of a COPY. The number of columns is not known here; clients do
 * without.
 */
export function copyInResponse(binary: boolean): Message {
  return makeMessage('G', [binary ? 1 : 0, 0, 0])
}

/** The answer to a start-up packet: nobody is asked for a password. */
export function welcome(
  processId: number,
  secret: number,
  parameters: Record<string, string>
): Buffer {
  const key = Buffer.alloc(8)
  key.writeInt32BE(processId)
  key.writeInt32BE(secret, 4)
  const status = Object.entries(parameters).map(([name, value]) => makeMessage('S', name, value))
  return Buffer.concat([
    makeMessage('R', [0, 0, 0, 0]),
    ...status,
    makeMessage('K', key),
    readyForQuery('I')
  ])
}

/** The names and values in a start-up packet (user, database, options and so on). */
export function startupParameters(packet: Buffer): Record<string, string> {
  const parts = packet.toString('utf8', 8).split('\0')
  const parameters: Record<string, string> = {}
  for (let i = 0; i + 1 < parts.length && parts[i] !== ''; i += 2)
    parameters[parts[i]!] = parts[i + 1]!
  return parameters
}

/**
 * What a response says as a whole: the transaction status after it, if it ends one, and whether an
 * error is in it.
 */
export function summarize(response: Buffer): { status: string | undefined; failed: boolean } {
  let status: string | undefined
  let failed = false
  for (const message of splitMessages(response).messages) {
    const type = typeOf(message)
    if (type === 'Z') status = String.fromCharCode(message[5]!)
    if (type === 'E') failed = true
  }
  return { status, failed }
}

/** The response without its first `count` messages of this type. */
export function withoutMessages(response: Buffer, type: string, count: number): Buffer {
  let left = count
  const kept = splitMessages(response).messages.filter(
    message => typeOf(message) !== type || left-- <= 0
  )
  return Buffer.concat(kept)
}
