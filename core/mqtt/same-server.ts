import { randomBytes } from 'node:crypto'
import { pause } from '../backoff.ts'
import { MillraceError } from '../errors.ts'
import { MqttError } from './connect-errors.ts'
import { DeferredAcks } from './deferred-ack.ts'
import type { Link } from './link.ts'
import { discardSession, linkOf } from './session-end.ts'
import { SessionMemory } from './session-memory.ts'
import type { MqttSettings } from './settings.ts'

/** As long as a server may take to throw the first of two clients with one id out. */
const SETTLE_MS = 2000
const LOOK_MS = 20
/** Should the process end meanwhile, the servers forget the sessions by themselves. */
const EXPIRY_S = 60

/**
 * Whether two addresses lead to the same server, or to one cluster: where a client id then means
 * the same session. Told by what MQTT asks of all of them: who connects under the id of a connected
 * client goes on with its session, and throws it out (MQTT 5.0, 3.1.4-3 and 3.1.2.4). It is tried
 * with an id that nobody has.
 *
 * Undefined where it cannot be told: a server does not admit this id, or names clients itself.
 * @throws MillraceError where one of them cannot be reached
 */
export async function leadToSame(
  one: MqttSettings,
  other: MqttSettings,
  graceMs: number
): Promise<boolean | undefined> {
  const clientId = `${one.clientId}-${randomBytes(4).toString('hex')}`
  const settings = [one, other].map(each => ({
    ...each,
    clientId,
    clean: false,
    sessionExpiryS: EXPIRY_S
  })) as [MqttSettings, MqttSettings]
  const links: Link[] = []
  try {
    const first = await lookingOn(settings[0], graceMs, links)
    if (first.sessionPresent) return undefined
    const second = await lookingOn(settings[1], graceMs, links)
    return await verdictOn(first, second)
  } catch (error) {
    if (error instanceof MqttError && error.code === 'MQTT_REFUSED' && error.needsPerson)
      return undefined
    throw error
  } finally {
    await Promise.all(links.map(link => link.end(1000)))
    // What was there before is a client's whom the server has given this name.
    const made = links.filter(({ sessionPresent }) => !sessionPresent)
    for (const link of made) await discardSession(link.settings, graceMs).catch(() => undefined)
  }
}

/** The session is present for the second where the first has made it, and then it alone stays. */
async function verdictOn(first: Link, second: Link): Promise<boolean | undefined> {
  const endMs = performance.now() + SETTLE_MS
  while (first.up && second.up && performance.now() < endMs) await pause(LOOK_MS)
  if (second.up && first.up) return second.sessionPresent ? undefined : false
  if (second.up && second.sessionPresent) return true
  throw new MillraceError('MQTT_CONNECTION_LOST', 'The connection to it was lost.')
}

/** Takes nothing of what comes. */
async function lookingOn(settings: MqttSettings, graceMs: number, links: Link[]): Promise<Link> {
  const link = await linkOf(settings, graceMs, made => {
    new DeferredAcks(made.client, new SessionMemory(), () => true)
  })
  links.push(link)
  return link
}
