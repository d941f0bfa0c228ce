import { backoffMs, pause } from '../backoff.ts'
import { type Deployments, deploymentsOf } from '../deployments.ts'
import { reasonOf } from '../errors.ts'
import type { MqttBroker } from './broker.ts'
import {
  hasExpired,
  type KeptSession,
  type KeptSessions,
  keptSessionsOf,
  nodeNameOf
} from './kept-sessions.ts'
import { discardSession, endSentence, queuedIn } from './session-end.ts'
import { MAX_RECEIVE_MAXIMUM, type MqttSettings, shownUrl } from './settings.ts'

export interface DeletedSessionsOptions {
  readonly kept: KeptSessions
  readonly deployments: Deployments
  /** The node type whose sessions these are. */
  readonly type: string
  log(line: string, isProblem: boolean): void
  /** How the server node of this id, if it runs, reaches the session of a node. */
  settingsBy(broker: string, nodeId: string, clientId: string): MqttSettings | undefined
}

/**
 * For one attempt; a look and an end together stay within the 15 s that Node-RED gives a node to
 * close.
 */
const GRACE_MS = 3000
const BACKOFF = { initialMs: 1000, maxMs: 60_000 }

/**
 * Ends the sessions of deleted nodes, says before what is queued in them, and tries again where the
 * server is away: nobody would fetch what a server goes on queueing. Those of nodes that are
 * disabled, or that another flow file has, stay.
 */
export class DeletedSessions {
  readonly #told = new Set<string>()
  readonly #ending = new Map<string, Promise<void>>()
  /** How to reach what is to be ended. */
  readonly #settings = new Map<string, MqttSettings>()

  constructor(private readonly options: DeletedSessionsOptions) {
    options.deployments.onChange(options.type, () => this.#mark())
    options.deployments.onStarted(options.type, () => this.#started())
  }

  /**
   * A node that has just been closed is deleted. Resolves when its session has ended, or could not
   * be at once.
   */
  async end(nodeId: string): Promise<void> {
    const session = this.options.kept.get(nodeId)
    if (session === undefined) return
    session.isDeleted = true
    this.options.kept.save()
    this.#learn(nodeId, session)
    await this.#end(nodeId, 0)
  }

  /** Resolves when no session of this node is being ended. */
  async settled(nodeId: string): Promise<void> {
    await this.#ending.get(nodeId)
  }

  /** How to reach a session; undefined where nothing is known that leads to it. */
  settingsFor(key: string, session: KeptSession): MqttSettings | undefined {
    this.#learn(key, session)
    const settings = this.#settings.get(key)
    return settings !== undefined && shownUrl(settings.url) === session.server
      ? settings
      : undefined
  }

  /** A deployment has changed the flow file: nodes that did not run may have been deleted. */
  #mark(): void {
    const { kept, deployments } = this.options
    for (const [nodeId, session] of this.#idle()) {
      if (session.isDeleted || !deployments.lacks(session.place)) continue
      session.isDeleted = true
      this.#learn(nodeId, session)
      kept.save()
    }
  }

  /** Of nodes of this type that do not run now. */
  #idle(): [nodeId: string, session: KeptSession][] {
    const { kept, type } = this.options
    return kept.idle().filter(([, { place }]) => place.type === type)
  }

  /** The server node may be gone a moment later. */
  #learn(nodeId: string, { broker, clientId }: KeptSession): void {
    const { kept, settingsBy } = this.options
    const settings = kept.settingsOf(nodeId) ?? settingsBy(broker, nodeId, clientId)
    if (settings !== undefined) this.#settings.set(nodeId, settings)
  }

  #started(): void {
    const { deployments } = this.options
    for (const [nodeId, session] of this.#idle()) {
      if (session.isDeleted) {
        this.#learn(nodeId, session)
        void this.#end(nodeId, 0)
      } else if (!deployments.has(session.place)) this.#tellStray(nodeId, session)
    }
  }

  async #end(nodeId: string, attempt: number): Promise<void> {
    const running = this.#ending.get(nodeId)
    if (running !== undefined) return running
    const work = this.#attempt(nodeId, attempt).finally(() => this.#ending.delete(nodeId))
    this.#ending.set(nodeId, work)
    return work
  }

  async #attempt(nodeId: string, attempt: number): Promise<void> {
    const { kept, log } = this.options
    const session = kept.get(nodeId)
    // It may have come back meanwhile, by an undo.
    if (!session?.isDeleted) return
    if (hasExpired(session, Date.now())) {
      this.#forget(nodeId)
      return
    }
    const heir = this.heirOf(nodeId, session)
    if (heir !== undefined) {
      session.isDeleted = undefined
      log(`The session "${session.clientId}" on ${session.server} goes on with ${heir}.`, false)
      return
    }
    const settings = this.#settings.get(nodeId)
    if (settings === undefined || shownUrl(settings.url) !== session.server) {
      this.#tellStray(nodeId, session)
      return
    }
    try {
      const queued = await queuedIn(settings, GRACE_MS)
      if (!kept.get(nodeId)?.isDeleted) return
      log(endSentence(session, queued), queued.messages > 0 || !queued.isAll)
      await discardSession(settings, GRACE_MS)
      if (kept.get(nodeId)?.isDeleted) this.#forget(nodeId)
    } catch (error) {
      if (attempt === 0) {
        const name = `"${session.clientId}" on ${session.server}`
        log(
          `The session ${name} of a deleted node could not be ended: ${reasonOf(error)} This is tried until it works.`,
          true
        )
      }
      void this.#again(nodeId, attempt + 1)
    }
  }

  /** Nobody waits for it, and it keeps no process alive. */
  async #again(nodeId: string, attempt: number): Promise<void> {
    await pause(backoffMs(attempt - 1, BACKOFF), { unref: true })
    await this.#end(nodeId, attempt)
  }

  #forget(nodeId: string): void {
    this.#settings.delete(nodeId)
    this.options.kept.forget(nodeId)
  }

  /**
   * Who goes on with the session, in words: a node that was pasted or imported in place of the
   * deleted one.
   */
  heirOf(nodeId: string, session: KeptSession): string | undefined {
    const { kept, deployments, type } = this.options
    if (kept.isLive(session)) return 'another node that has this client id'
    const isHeir = (entry: object) => {
      const { id, clientId } = entry as { id?: unknown; clientId?: unknown }
      return (
        id !== nodeId && typeof clientId === 'string' && expanded(clientId) === session.clientId
      )
    }
    const heir = deployments.entriesOf(type).find(isHeir) as
      | { id: string; name?: string }
      | undefined
    return heir && `the node "${heir.name || heir.id}", which has this client id`
  }

  /**
   * Another project may have its node, or somebody edited the file: to end it might lose what is
   * acknowledged.
   */
  #tellStray(nodeId: string, session: KeptSession): void {
    const { log } = this.options
    if (hasExpired(session, Date.now())) {
      this.#forget(nodeId)
      return
    }
    const name = `${session.clientId} ${session.server}`
    if (this.#told.has(name) || this.heirOf(nodeId, session) !== undefined) return
    this.#told.add(name)
    const why = session.isDeleted
      ? 'whose server node is gone too'
      : 'that this flow file does not have in the same place, though no deployment deleted it'
    log(
      `The session "${session.clientId}" on ${session.server} is of ${nodeNameOf(session)} ${why}. It is left to the server, which keeps it ${untilText(session)} and goes on queueing for it. To fetch what is queued, or to end it, add ${nodeNameOf(session)} with this client id and deploy; once it is deleted the session ends.`,
      true
    )
  }
}

const untilText = ({ expiryS, leftMs }: KeptSession): string =>
  expiryS === null || leftMs === undefined
    ? 'as long as it likes'
    : `until ${new Date(leftMs + expiryS * 1000).toISOString()}`

/** As Node-RED fills in the environment; what a tab or a subflow sets is not known here. */
const expanded = (text: string): string =>
  text.replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) =>
    Object.hasOwn(process.env, name) ? process.env[name]! : whole
  )

export interface SessionRuntime {
  readonly events: object
  readonly settings: { readonly userDir?: unknown }
  readonly log: { info(line: string): void; warn(line: string): void }
}

/**
 * Watches what becomes of the sessions of deleted nodes of a type, also where no node of it runs:
 * sessions outlive their nodes.
 * @param serverOf the server node of this id, if it runs
 */
export function watchDeletedSessions(
  RED: SessionRuntime,
  type: string,
  serverOf: (id: string) => MqttBroker | undefined
): DeletedSessions {
  return new DeletedSessions({
    kept: keptSessionsOf(RED),
    deployments: deploymentsOf(RED),
    type,
    log: (line, isProblem) => (isProblem ? RED.log.warn(line) : RED.log.info(line)),
    settingsBy: (broker, nodeId, clientId) =>
      serverOf(broker)?.settingsFor({
        nodeId,
        clientId,
        keepSession: true,
        receiveMaximum: MAX_RECEIVE_MAXIMUM
      })
  })
}
