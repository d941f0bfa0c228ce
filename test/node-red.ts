/**
 * A real Node-RED in this process, on 127.0.0.1 with a folder of its own. One at a time: its
 * runtime is a singleton.
 */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NodeAPI } from 'node-red'
import { addCompanions } from '../stack/node-red/companions.ts'

export type DeploymentType = 'full' | 'nodes' | 'flows'

/** A node of a flow file. */
export interface FlowEntry {
  id: string
  type: string
  z?: string
  wires?: string[][]
  [property: string]: unknown
}

export interface StartOptions {
  /** Its user directory; a temporary one, removed at the end, where absent. */
  readonly userDir?: string
  /** A folder with further nodes. */
  readonly nodesDir?: string
  /** Further nodes as functions, as a node module exports them. */
  readonly nodes?: readonly ((RED: NodeAPI) => void)[]
  /** Links this package, as it is built in dist/, into the user directory. */
  readonly palette?: boolean
  /** Puts the companions beside it, as they are built in palettes/. */
  readonly companions?: boolean
  /** Settings of Node-RED that go before ours. The editor is off, the admin routes are at `/`. */
  readonly settings?: Readonly<Record<string, unknown>>
  /**
   * Folder of the node-red package to start; else `MILLRACE_NODE_RED`, else the development
   * dependency.
   */
  readonly nodeRed?: string
}

export interface LogEntry {
  readonly level: number
  readonly msg: unknown
  readonly id?: string
  readonly type?: string
}

export interface RunningNodeRed {
  readonly RED: NodeRed
  readonly version: string
  readonly userDir: string
  /** Its HTTP server, e.g. `http://127.0.0.1:40123`. */
  readonly url: string
  /** Everything logged at level warn and above. */
  readonly logs: LogEntry[]
  /** Deploys the flow and waits until it has started. */
  deploy(flow: readonly FlowEntry[], type?: DeploymentType): Promise<void>
  /** The node that runs under this id. */
  node<T = unknown>(id: string): T
  stop(): Promise<void>
}

/** What the tests use of node-red's own interface. */
export interface NodeRed {
  init(server: Server, settings: object): void
  start(): Promise<void>
  stop(): Promise<void>
  version(): string
  readonly httpAdmin: (request: unknown, response: unknown, next: () => void) => void
  readonly httpNode: (request: unknown, response: unknown) => void
  readonly nodes: { getNode(id: string): unknown }
  readonly events: NodeAPI['events']
  readonly hooks: {
    add(name: string, hook: (event: unknown) => unknown): void
    remove(name: string): void
  }
  readonly util: NodeAPI['util']
  readonly settings: Record<string, unknown>
  readonly runtime: {
    readonly flows: {
      setFlows(request: {
        flows: { flows: readonly FlowEntry[] }
        deploymentType: DeploymentType
      }): Promise<unknown>
      setState(request: { state: 'start' | 'stop' }): Promise<unknown>
    }
  }
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const EXTRA_NODES = Symbol.for('millrace.test.nodes')
const START_LIMIT_MS = 30_000

export async function startNodeRed(options: StartOptions = {}): Promise<RunningNodeRed> {
  const userDir = options.userDir ?? mkdtempSync(join(tmpdir(), 'millrace-node-red-'))
  if (options.palette) linkPalette(userDir)
  if (options.companions) addCompanions(userDir)
  const nodesDir = [
    ...(options.nodesDir === undefined ? [] : [options.nodesDir]),
    ...extraNodes(userDir, options.nodes ?? [])
  ]
  const require = createRequire(import.meta.url)
  const RED = require(options.nodeRed ?? process.env.MILLRACE_NODE_RED ?? 'node-red') as NodeRed
  const logs: LogEntry[] = []
  const server = createServer()
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  RED.init(server, { ...quiet(userDir, nodesDir, logs), ...options.settings })
  // Both at the same address, as Node-RED itself has them.
  server.on('request', (request, response) =>
    RED.httpAdmin(request, response, () => RED.httpNode(request, response))
  )
  const first = flowsStarted(RED)
  await RED.start()
  await first
  return {
    RED,
    version: RED.version(),
    userDir,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logs,
    async deploy(flow, type = 'full') {
      const started = flowsStarted(RED)
      await RED.runtime.flows.setFlows({ flows: { flows: flow.map(placed) }, deploymentType: type })
      await started
    },
    node: <T>(id: string) => RED.nodes.getNode(id) as T,
    async stop() {
      await RED.stop()
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
      // Not rmSync: what Node-RED is still writing would never end.
      if (options.userDir === undefined)
        await rm(userDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    }
  }
}

function quiet(userDir: string, nodesDir: string[], logs: LogEntry[]): object {
  return {
    userDir,
    nodesDir,
    flowFile: 'flows.json',
    credentialSecret: 'test',
    httpAdminRoot: '/',
    httpNodeRoot: '/',
    disableEditor: true,
    functionExternalModules: false,
    telemetry: { enabled: false, updateNotification: false },
    diagnostics: { enabled: false },
    runtimeState: { enabled: true, ui: false },
    logging: {
      kept: { level: 'warn', metrics: false, handler: () => (entry: LogEntry) => logs.push(entry) }
    }
  }
}

/** Settles when flows have started; fails where Node-RED says that it cannot start them. */
function flowsStarted(RED: NodeRed): Promise<void> {
  const events = RED.events as NodeJS.EventEmitter
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      clearTimeout(limit)
      events.removeListener('flows:started', started)
      events.removeListener('runtime-event', told)
      act()
    }
    const started = () => end(resolve)
    const told = (event: { id: string; payload?: { error?: string; types?: string[] } }) => {
      if (event.id === 'runtime-state' && event.payload?.error) {
        end(() =>
          reject(
            new Error(`flows did not start: ${event.payload?.error} ${event.payload?.types ?? ''}`)
          )
        )
      }
    }
    const limit = setTimeout(
      () => end(() => reject(new Error('flows did not start in time'))),
      START_LIMIT_MS
    )
    events.on('flows:started', started)
    events.on('runtime-event', told)
  })
}

/**
 * A folder with one node module that registers these functions. Node-RED wants an HTML file beside
 * each module.
 */
function extraNodes(userDir: string, nodes: readonly ((RED: NodeAPI) => void)[]): string[] {
  ;(globalThis as { [EXTRA_NODES]?: unknown })[EXTRA_NODES] = nodes
  if (nodes.length === 0) return []
  const folder = join(userDir, 'test-nodes')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'test-nodes.html'), '<script type="text/javascript"></script>')
  writeFileSync(
    join(folder, 'test-nodes.js'),
    "module.exports = RED => { for (const register of globalThis[Symbol.for('millrace.test.nodes')]) register(RED) }\n"
  )
  return [folder]
}

function linkPalette(userDir: string): void {
  const scope = join(userDir, 'node_modules', '@millrace')
  mkdirSync(scope, { recursive: true })
  symlinkSync(ROOT, join(scope, 'node-red-telemetry'))
  const manifest = {
    name: 'user-dir',
    private: true,
    dependencies: { '@millrace/node-red-telemetry': '*' }
  }
  writeFileSync(join(userDir, 'package.json'), JSON.stringify(manifest))
}

/** What has no tab is a configuration node, which Node-RED knows by its having no place. */
const placed = (node: FlowEntry): FlowEntry =>
  node.z === undefined ? node : { x: 10, y: 10, ...node }
