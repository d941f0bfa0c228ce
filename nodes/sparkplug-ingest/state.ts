import type { Received } from '../../core/mqtt/deferred-ack.ts'
import type { Announce } from '../../core/mqtt/settings.ts'
import { NAMESPACE, stateTopic } from '../../core/sparkplug/topic.ts'

/**
 * Birth and will of a host (Sparkplug 3.0, 4.2.6): both of one connection have the time of its
 * beginning.
 */
export const announcementsOf =
  (hostId: string): Announce =>
  nowMs => ({ birth: message(hostId, true, nowMs), will: message(hostId, false, nowMs) })

const message = (hostId: string, online: boolean, timestamp: number) =>
  ({
    topic: stateTopic(hostId),
    payload: JSON.stringify({ online, timestamp }),
    qos: 1,
    retain: true
  }) as const

export const isState = (topic: string): boolean => topic.startsWith(`${NAMESPACE}/STATE/`)

/**
 * Somebody says that this host is gone while it is there, such as the will of a connection that it
 * had before: it must say at once that it is there.
 */
export function deniesHost({ topic, payload, retain }: Received, hostId: string): boolean {
  if (hostId === '' || retain || topic !== stateTopic(hostId) || payload.length > 1000) return false
  try {
    return (JSON.parse(payload.toString()) as { online?: unknown } | null)?.online === false
  } catch {
    return false
  }
}

/** What to subscribe to. One filter where it takes all: two that overlap bring messages twice. */
export function filtersOf(groups: readonly string[], hostId: string): string[] {
  if (groups.length === 0) return [`${NAMESPACE}/#`]
  const state = hostId === '' ? [] : [stateTopic(hostId)]
  return [...groups.map(group => `${NAMESPACE}/${group}/#`), ...state]
}

/** The names in a list with commas. */
export const groupsIn = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '')
  )
]
