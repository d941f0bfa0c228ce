import type { IncomingMessage, Server, ServerResponse } from 'node:http'

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
}

const ROUTES = Symbol.for('millrace.http-routes')

/**
 * The nodes that take requests. The application has one handler for all of them and for ever, since
 * it has no way to take one away again.
 */
class Routes {
  readonly #takers = new Set<Taker>()

  constructor({ httpNode, server, settings }: NodeServer) {
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
  }

  /** Returns what takes it away again. */
  add(taker: Taker): () => void {
    this.#takers.add(taker)
    return () => this.#takers.delete(taker)
  }

  #takerOf(path: string): Taker | undefined {
    for (const taker of this.#takers) if (taker.owns(path)) return taker
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

export function routesOf(server: NodeServer): Pick<Routes, 'add'> {
  const known = server.httpNode as NodeServer['httpNode'] & { [ROUTES]?: Routes }
  known[ROUTES] ??= new Routes(server)
  return known[ROUTES]
}

/** Undefined for one that is no URL, such as one with `%zz`, or whose levels hold a slash. */
export function pathOf(url: string): string | undefined {
  try {
    const path = url.split('?', 1)[0]!.replace(/^\/+|\/+$/g, '')
    const levels = path.split('/').map(decodeURIComponent)
    return levels.some(level => level.includes('/')) ? undefined : levels.join('/')
  } catch {
    return undefined
  }
}
