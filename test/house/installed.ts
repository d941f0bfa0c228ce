/**
 * The packed palette, installed into an empty user directory of a Node-RED that runs in a process
 * of its own.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../until.ts'
import { ROOT } from './sources.ts'

const INSTALL_LIMIT_MS = 180_000

export interface Packed {
  readonly tarball: string
  /** Paths in the package. */
  readonly files: readonly string[]
  readonly unpackedBytes: number
}

/** `npm pack` as it is done for a release. */
export async function pack(folder: string, source = ROOT): Promise<Packed> {
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], source)
  // What prepack prints comes before.
  const [result] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as {
    filename: string
    unpackedSize: number
    files: { path: string }[]
  }[]
  return {
    tarball: join(folder, result!.filename),
    unpackedBytes: result!.unpackedSize,
    files: result!.files.map(file => file.path)
  }
}

export class InstalledNodeRed {
  #child: ChildProcess | undefined
  readonly userDir = mkdtempSync(join(tmpdir(), 'millrace-installed-'))
  url = ''
  output = ''

  /**
   * @param tarballs the packages to install
   * @param node the executable of Node to run it with
   * @param nodeRed the folder of the node-red package
   */
  async start(tarballs: readonly string[], node: string, nodeRed: string): Promise<void> {
    writeFileSync(join(this.userDir, 'package.json'), '{ "name": "user-dir", "private": true }')
    await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], this.userDir)
    const uiPort = await freePort()
    this.url = `http://127.0.0.1:${uiPort}`
    const settings = join(this.userDir, 'settings.cjs')
    writeFileSync(settings, `module.exports = ${JSON.stringify(settingsOf(uiPort))}`)
    mkdirSync(join(this.userDir, 'home'))
    const child = spawn(
      node,
      [join(nodeRed, 'red.js'), '--userDir', this.userDir, '--settings', settings],
      {
        env: { ...process.env, HOME: join(this.userDir, 'home') },
        stdio: ['ignore', 'pipe', 'pipe']
      }
    )
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.output += text
      })
    }
    await until(
      'Node-RED to serve its nodes',
      async () => (await fetch(`${this.url}/nodes`)).ok,
      60_000,
      100
    )
  }

  async json<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path, { headers: { accept: 'application/json' } })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`)
    return (await response.json()) as T
  }

  /** Sends JSON, and gives what comes back. */
  async post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  async text(path: string): Promise<string> {
    const response = await fetch(this.url + path, {
      headers: { accept: 'text/html', 'accept-language': 'en-US' }
    })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`)
    return response.text()
  }

  async remove(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
    rmSync(this.userDir, { recursive: true, force: true })
  }
}

const settingsOf = (uiPort: number) => ({
  uiHost: '127.0.0.1',
  uiPort,
  flowFile: 'flows.json',
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  diagnostics: { enabled: false },
  logging: { console: { level: 'info', metrics: false, audit: false } }
})

export async function npm(args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  const windows = process.platform === 'win32'
  return promisify(execFile)(windows ? 'npm.cmd' : 'npm', [...args], {
    cwd,
    shell: windows,
    timeout: INSTALL_LIMIT_MS,
    maxBuffer: 1 << 26
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
