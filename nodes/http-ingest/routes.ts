import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { deploymentsOf } from '../../core/deployments.ts'
import { pathOf } from './paths.ts'

/** Takes requests whose paths are its own. */
export interface Taker {
  /** @param path without `/` at its ends, the address before it and the question behind it */
  owns(path: string): boolean
  take(path: string, request: IncomingMessage, response: ServerResponse): void
}

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** What Node-RED offers its nodes to answer requests with. */
export interface NodeServer {
  /** An application of express. */
  readonly httpNode: { use(handler: Handler): void }
  readonly server?: Pick<Server, 'prependListener'> | undefined
  readonly settings: { readonly httpNodeRoot?: unknown }
  readonly events: object
}

const ROUTES = Symbol.for('millrace.http-routes')

/**
 * The nodes that take requests. The application has one handler for all of them and for ever, since
 * it has no way to take one away again.
 */
class Routes {
  /** By the ids of their nodes, the one that started first before the others. */
  readonly #takers = new Map<string, Taker>()
  /** Their nodes are closed and come again: until then they tell senders to do so too. */
  readonly #left = new Set<string>()

  constructor(RED: NodeServer) {
    const { httpNode, server, settings } = RED
    const root = rootOf(settings.httpNodeRoot)
    server?.prependListener('request', request => {
      const path = pathOf(request.url ?? '/')
      if (path === undefined || !path.startsWith(root)) return
      if (this.#takerOf(path.slice(root.length)) !== undefined) leaveUnread(request)
    })
    httpNode.use((request, response, next) => {
      const path = pathOf(request.url ?? '/')
      const taker = path === undefined ? undefined : this.#takerOf(path)
      if (taker === undefined) next()
      else taker.take(path!, request, response)
    })
    deploymentsOf(RED).onStarted('http-ingest routes', () => {
      for (const id of this.#left) this.#takers.delete(id)
      this.#left.clear()
    })
  }

  add(id: string, taker: Taker): void {
    this.#left.delete(id)
    this.#takers.delete(id)
    this.#takers.set(id, taker)
  }

  /** @param comesAgain its node: it answers on until that, or all others, have started */
  leave(id: string, comesAgain: boolean): void {
    if (comesAgain) this.#left.add(id)
    else this.#takers.delete(id)
  }

  #takerOf(path: string): Taker | undefined {
    for (const taker of this.#takers.values()) if (taker.owns(path)) return taker
    return undefined
  }
}

/**
 * The editor stands at the same address by default, and reads every body of JSON before nodes get
 * it: numbers would lose digits, and what is no JSON would never come. Its parser (body-parser 1)
 * leaves alone what is marked as read.
 */
function leaveUnread(request: IncomingMessage & { _body?: boolean }): void {
  request._body = true
}

function rootOf(httpNodeRoot: unknown): string {
  const root = pathOf(typeof httpNodeRoot === 'string' ? httpNodeRoot : '/') ?? ''
  return root === '' ? '' : `${root}/`
}

export function routesOf(RED: NodeServer): Pick<Routes, 'add' | 'leave'> {
  const known = RED.httpNode as NodeServer['httpNode'] & { [ROUTES]?: Routes }
  known[ROUTES] ??= new Routes(RED)
  return known[ROUTES]
}
