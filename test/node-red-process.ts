/** A real Node-RED as a process of its own, which a test may kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MetricsReport } from '../core/node/metrics.ts'
import { addCompanions } from '../stack/node-red/companions.ts'
import type { FlowEntry } from './node-red.ts'
import { until } from './until.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export interface ProcessOptions {
  readonly flow: readonly FlowEntry[]
  readonly environment?: Readonly<Record<string, string>>
  /** Node's executable and the folder of node-red; ours where absent. */
  readonly node?: string
  readonly nodeRed?: string
}

export class NodeRedProcess {
  #child: ChildProcess | undefined
  /** Its user directory. */
  readonly userDir = mkdtempSync(join(tmpdir(), 'millrace-process-'))
  #port = 0
  /** Everything it has printed. */
  output = ''

  constructor(private readonly options: ProcessOptions) {
    const scope = join(this.userDir, 'node_modules', '@millrace')
    mkdirSync(scope, { recursive: true })
    symlinkSync(ROOT, join(scope, 'node-red-telemetry'), 'dir')
    addCompanions(this.userDir)
    this.deploy(options.flow)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What the process holds in memory, by /proc; 0 where that is missing. */
  get residentBytes(): number {
    const file = `/proc/${this.pid}/statm`
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) * 4096 : 0
  }

  /** Where it will be, for flows that ask themselves. */
  async address(): Promise<string> {
    this.#port ||= await freePort()
    return this.url
  }

  /** Writes the flow that the next start runs. */
  deploy(flow: readonly FlowEntry[]): void {
    writeFileSync(join(this.userDir, 'flows.json'), JSON.stringify(flow))
  }

  async start(): Promise<void> {
    await this.launch()
    await until(
      `Node-RED to start the flows\n${this.output.slice(-2000)}`,
      () => this.metrics(),
      60_000,
      100
    )
  }

  /** Starts the process, with these flags of Node-RED, and waits for nothing more. */
  async launch(...flags: readonly string[]): Promise<void> {
    this.#port ||= await freePort()
    const settings = join(this.userDir, 'settings.cjs')
    writeFileSync(settings, `module.exports = ${JSON.stringify(settingsOf(this.#port))}`)
    const redJs = join(this.options.nodeRed ?? join(ROOT, 'node_modules', 'node-red'), 'red.js')
    const child = spawn(
      this.options.node ?? process.execPath,
      [redJs, '--userDir', this.userDir, '--settings', settings, ...flags, 'flows.json'],
      {
        env: { ...process.env, ...this.options.environment },
        stdio: ['ignore', 'pipe', 'pipe']
      }
    )
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.output += text
      })
    }
  }

  get isRunning(): boolean {
    return (
      this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
    )
  }

  async metrics(limitMs = 60_000): Promise<MetricsReport> {
    const response = await fetch(`${this.url}/millrace/metrics`, {
      signal: AbortSignal.timeout(limitMs)
    })
    return (await response.json()) as MetricsReport
  }

  /**
   * Waits until all nodes of this type say that they are well: that they are subscribed, have
   * joined their group.
   */
  async healthy(type: string): Promise<void> {
    await until(
      `every ${type} to be well`,
      async () => {
        const nodes = (await this.metrics()).nodes.filter(node => node.type === type)
        return nodes.length > 0 && nodes.every(({ status }) => status?.healthy)
      },
      60_000,
      50
    )
  }

  /** SIGKILL, or SIGTERM and wait for its end. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  /** A full deploy of the flow that runs, as by the editor: every node is stopped and started. */
  async redeploy(): Promise<void> {
    const flows = await (await fetch(`${this.url}/flows`)).text()
    const headers = { 'Content-Type': 'application/json', 'Node-RED-Deployment-Type': 'full' }
    const response = await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers,
      body: flows,
      signal: AbortSignal.timeout(60_000)
    })
    if (!response.ok)
      throw new Error(`the deploy was refused: ${response.status} ${await response.text()}`)
  }

  /**
   * Takes its nodes out, so that they end their MQTT sessions, which would gather messages from now
   * on.
   */
  async #undeploy(): Promise<void> {
    if (this.#child === undefined) return
    const headers = { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v1' }
    await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers,
      body: '[]',
      signal: AbortSignal.timeout(15_000)
    }).catch(() => undefined)
  }

  /** Ends it, without a trace in the services, and removes its folder. */
  async remove(): Promise<void> {
    await this.#undeploy()
    await this.end('SIGKILL')
    rmSync(this.userDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

const settingsOf = (uiPort: number) => ({
  uiHost: '127.0.0.1',
  uiPort,
  flowFile: 'flows.json',
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  diagnostics: { enabled: false },
  editorTheme: { tours: false },
  logging: { console: { level: 'warn', metrics: false, audit: false } }
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
