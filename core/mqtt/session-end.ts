import { pause } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { DeferredAcks } from './deferred-ack.ts'
import { Link } from './link.ts'
import { SessionMemory } from './session-memory.ts'
import { MAX_RECEIVE_MAXIMUM, type MqttSettings } from './settings.ts'

/** What a server sends of a session before anything is acknowledged. */
export interface Queued {
  readonly messages: number
  /** There may be more: the server was still sending, or may not send more unacknowledged ones. */
  readonly isAll: boolean
}

/** A server that has sent nothing for so long has nothing more to send. */
const QUIET_MS = 300
const LOOK_MS = 2000
const LOOK_BYTES = 64 << 20

/**
 * Looks at what waits in a session, and takes nothing: what came and is not acknowledged stays
 * queued.
 * @throws MillraceError where the server cannot be reached
 */
export async function queuedIn(settings: MqttSettings, graceMs: number): Promise<Queued> {
  let messages = 0
  let bytes = 0
  let heardMs = performance.now()
  const link = await linkOf({ ...settings, receiveMaximum: MAX_RECEIVE_MAXIMUM }, graceMs, made => {
    new DeferredAcks(made.client, new SessionMemory(), ({ payload }) => {
      messages++
      bytes += payload.length
      heardMs = performance.now()
      return true
    })
  })
  const endMs = performance.now() + LOOK_MS
  const isQuiet = () => performance.now() - heardMs >= QUIET_MS
  const isMuch = () => messages >= MAX_RECEIVE_MAXIMUM || bytes >= LOOK_BYTES
  heardMs = performance.now()
  while (link.up && link.sessionPresent && !isQuiet() && !isMuch() && performance.now() < endMs)
    await pause(20)
  const isAll = !link.sessionPresent || (link.up && isQuiet() && !isMuch())
  await link.end(1000)
  return { messages, isAll }
}

/**
 * A connection with a new session puts an end to the old one. ActiveMQ Artemis 2.55 ignores the
 * expiry of a DISCONNECT, and MQTT 3.1.1 has none.
 * @throws MillraceError where the server cannot be reached
 */
export async function discardSession(settings: MqttSettings, graceMs: number): Promise<void> {
  const link = await linkOf({ ...settings, clean: true }, graceMs, () => {})
  await link.end(1000)
}

/** Connects once, without a word to those who watch birth and will. */
export async function linkOf(
  settings: MqttSettings,
  graceMs: number,
  up: (link: Link) => void
): Promise<Link> {
  const library = await import('mqtt')
  const { birth: _birth, will: _will, announce: _announce, ...quiet } = settings
  return new Promise((resolve, refuse) => {
    const limit = setTimeout(() => {
      void link.end(0)
      refuse(new MillraceError('MQTT_CONNECT_FAILED', 'The server does not answer.'))
    }, graceMs)
    const link = new Link(
      library,
      { ...quiet, connectTimeoutMs: graceMs },
      {
        up: made => {
          clearTimeout(limit)
          up(made)
          resolve(made)
        },
        down: (_link, error) => {
          clearTimeout(limit)
          refuse(error)
        }
      }
    )
  })
}

/** What is said before a session ends. */
export function endSentence(
  { clientId, server }: { clientId: string; server: string },
  queued: Queued | Error
): string {
  const session = `The session "${clientId}" on ${server} ends, since its node was deleted`
  if (queued instanceof Error)
    return `${session}; what is queued in it is lost (how much could not be seen: ${reasonOf(queued)})`
  const { messages, isAll } = queued
  if (messages === 0 && isAll) return `${session}. Nothing was waiting in it.`
  const count = `${isAll ? '' : 'at least '}${messages} ${messages === 1 ? 'message that was' : 'messages that were'}`
  return `${session}, and with it ${count} waiting in it. Where other members share its group, the server may give them to these.`
}
