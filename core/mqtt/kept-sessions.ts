import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FlowPlace } from '../deployments.ts'
import { reasonOf } from '../errors.ts'
import { type MqttSettings, shownUrl } from './settings.ts'

/** A session that a server keeps for a node. Nothing in it is secret. */
export interface KeptSession {
  readonly server: string
  readonly clientId: string
  /** The filters it is subscribed to. */
  readonly filters: Set<string>
  /** The configuration node that says how to reach the server. */
  readonly broker: string
  readonly place: FlowPlace
  /**
   * How long the server keeps it while nobody is connected; null for ever, or for a time that the
   * server does not say.
   */
  readonly expiryS: number | null
  /**
   * When the node last left it, in ms since 1970; undefined while it is connected, and after a
   * crash.
   */
  leftMs?: number | undefined
  /** Messages that were in the flow then: the server sends these again. */
  open?: number | undefined
  /** A deployment has deleted its node: it is to end. */
  isDeleted?: boolean | undefined
  /** The node that had it before its client id or server was changed: it ends when it is empty. */
  readonly formerOf?: string
}

export interface SessionDescription {
  readonly settings: MqttSettings
  readonly broker: string
  readonly place: FlowPlace
  /** What the server allowed, where it said so. */
  readonly grantedExpiryS: number | undefined
}

const FOR_EVER_S = 0xffff_ffff

/** The session that these settings lead to; undefined if the server keeps none. */
export function sessionOf({
  settings,
  broker,
  place,
  grantedExpiryS
}: SessionDescription): KeptSession | undefined {
  const { url, clientId, clean, protocolVersion, sessionExpiryS } = settings
  const expiryS = protocolVersion === 4 ? FOR_EVER_S : (grantedExpiryS ?? sessionExpiryS)
  if (clean || expiryS === 0) return undefined
  return {
    server: shownUrl(url),
    clientId,
    filters: new Set(),
    broker,
    place,
    expiryS: expiryS === FOR_EVER_S ? null : expiryS
  }
}

/** The kind of node that has it, as a sentence names it: `an mqtt ingest`. */
export function nodeNameOf({ place }: Pick<KeptSession, 'place'>): string {
  const name = place.type.replace(/^millrace-/, '').replaceAll('-', ' ')
  return `${/^[aeioum]/.test(name) ? 'an' : 'a'} ${name}`
}

type Named = Pick<KeptSession, 'server' | 'clientId'>

export const isSameSession = (one: Named, other: Named | undefined): boolean =>
  one.server === other?.server && one.clientId === other.clientId

/** True once the server has forgotten it. */
export const hasExpired = ({ expiryS, leftMs }: KeptSession, nowMs: number): boolean =>
  expiryS !== null && leftMs !== undefined && nowMs > leftMs + expiryS * 1000

/**
 * The sessions that servers keep for the nodes of one Node-RED, by node id. They outlive a redeploy
 * and, in a file of the user directory, a restart: what a session is subscribed to and whose it was
 * must be known also after the node was changed, disabled or deleted meanwhile.
 */
export class KeptSessions {
  readonly #sessions: Map<string, KeptSession>
  /** Nodes that run now, with how they reach their session. */
  readonly #live = new Map<string, MqttSettings>()
  /** How nodes of this process reached their session, as long as these are kept. */
  readonly #settings = new Map<string, MqttSettings>()
  #hasComplained = false

  constructor(
    private readonly file: string | undefined,
    private readonly warn: (line: string) => void
  ) {
    this.#sessions = file === undefined ? new Map() : this.#read(file)
  }

  get(nodeId: string): KeptSession | undefined {
    return this.#sessions.get(nodeId)
  }

  /** Those of nodes that do not run now. */
  idle(): [nodeId: string, session: KeptSession][] {
    return [...this.#sessions].filter(([nodeId]) => !this.#live.has(nodeId))
  }

  /**
   * A node begins: what it had before, if anything. Where it has another session from now on, that
   * is its former one, and is kept under a key of its own until it has ended.
   */
  begin(nodeId: string, settings: MqttSettings): KeptSession | undefined {
    this.#live.set(nodeId, settings)
    const before = this.#sessions.get(nodeId)
    if (before === undefined) return undefined
    const now = { server: shownUrl(settings.url), clientId: settings.clientId }
    if (isSameSession(before, now))
      Object.assign(before, { leftMs: undefined, isDeleted: undefined })
    else this.#retire(nodeId, before)
    return before
  }

  #retire(nodeId: string, session: KeptSession): void {
    const key = `${nodeId} before, ${session.clientId} at ${session.server}`
    const settings = this.#settings.get(nodeId)
    this.#sessions.delete(nodeId)
    this.#sessions.set(key, { ...session, isDeleted: undefined, formerOf: nodeId })
    if (settings !== undefined) this.#settings.set(key, settings)
    this.save()
  }

  /** The sessions that a node had before it was changed, by their keys. */
  formersOf(nodeId: string): string[] {
    return [...this.#sessions].flatMap(([key, { formerOf }]) => (formerOf === nodeId ? key : []))
  }

  /**
   * What a session is known to be subscribed to, whichever node had it: one may be pasted in place
   * of a deleted one.
   */
  filtersOf(session: KeptSession): string[] {
    const same = [...this.#sessions.values()].filter(known => isSameSession(session, known))
    return [...new Set(same.flatMap(({ filters }) => [...filters]))]
  }

  /** The server has accepted the node with this session. */
  keep(nodeId: string, session: KeptSession): void {
    for (const [idle, known] of this.idle())
      if (isSameSession(session, known)) this.#sessions.delete(idle)
    this.#sessions.set(nodeId, session)
    this.#settings.set(nodeId, this.#live.get(nodeId)!)
    this.save()
  }

  /** The session is not subscribed to this any more. */
  left(nodeId: string, filter: string): void {
    if (this.#sessions.get(nodeId)?.filters.delete(filter)) this.save()
  }

  /** A node has ended, with so many messages in the flow. */
  leave(nodeId: string, open: number, nowMs: number): void {
    this.#live.delete(nodeId)
    const session = this.#sessions.get(nodeId)
    if (session === undefined) return
    Object.assign(session, { leftMs: nowMs, open })
    this.save()
  }

  /** There is no such session any more. */
  forget(nodeId: string): void {
    this.#settings.delete(nodeId)
    if (this.#sessions.delete(nodeId)) this.save()
  }

  /** How a node of this process reached its session. */
  settingsOf(nodeId: string): MqttSettings | undefined {
    return this.#settings.get(nodeId)
  }

  /** Whether a node that runs now has this session. */
  isLive(session: Named): boolean {
    return [...this.#live.values()].some(({ url, clientId }) =>
      isSameSession(session, { server: shownUrl(url), clientId })
    )
  }

  /** Call after changing a session. */
  save(): void {
    if (this.file === undefined) return
    const sessions = [...this.#sessions].map(([node, session]) => ({
      node,
      ...session,
      filters: [...session.filters]
    }))
    try {
      mkdirSync(dirname(this.file), { recursive: true })
      writeFileSync(`${this.file}.new`, `${JSON.stringify({ sessions }, null, 1)}\n`)
      renameSync(`${this.file}.new`, this.file)
    } catch (error) {
      if (!this.#hasComplained)
        this.warn(
          `Which sessions MQTT servers keep is not remembered over a restart: ${reasonOf(error)}.`
        )
      this.#hasComplained = true
    }
  }

  #read(file: string): Map<string, KeptSession> {
    try {
      const { sessions } = JSON.parse(readFileSync(file, 'utf8')) as {
        sessions: (KeptSession & { node: string; filters: string[] })[]
      }
      return new Map(
        sessions.map(({ node, filters, ...session }) => [
          node,
          { ...session, filters: new Set(filters) }
        ])
      )
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') {
        this.warn(
          `${file} cannot be read, so the sessions that MQTT servers keep from before are not known: ${reasonOf(error)}.`
        )
      }
      return new Map()
    }
  }
}

interface Runtime {
  readonly settings: { readonly userDir?: unknown }
  readonly log: { warn(line: string): void }
}

/**
 * Kept on the global object, by user directory: a redeploy makes new nodes, and a module may be
 * loaded twice.
 */
const SESSIONS = Symbol.for('millrace.mqtt-sessions')

/** The kept sessions of this Node-RED. */
export function keptSessionsOf(RED: Runtime): KeptSessions {
  const shared = globalThis as { [SESSIONS]?: Map<string, KeptSessions> }
  shared[SESSIONS] ??= new Map()
  const { userDir } = RED.settings
  const folder = typeof userDir === 'string' ? userDir : ''
  let found = shared[SESSIONS].get(folder)
  if (found === undefined) {
    found = new KeptSessions(
      folder === '' ? undefined : join(folder, 'millrace', 'mqtt-sessions.json'),
      line => RED.log.warn(line)
    )
    shared[SESSIONS].set(folder, found)
  }
  return found
}
