/**
 * A server that a test file starts for itself: a process of its own, with free ports and an empty
 * folder.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCertificates } from '../../stack/certificates.ts'
import { anyFree } from '../../stack/ports.ts'
import { probeMqtt } from '../../stack/probe.ts'
import { type Command, end, isAlive, launch, type ProcessId } from '../../stack/process.ts'
import { testHome } from '../services.ts'
import { until } from '../until.ts'
import type { Endpoints } from './server.ts'

export interface Place {
  /** Where the certificates are. */
  readonly home: string
  readonly folder: string
  readonly port: number
  readonly tlsPort: number
  readonly mtlsPort: number
  readonly wsPort: number
  readonly wssPort: number
}

export class OwnServer {
  #place: Place | undefined
  #process: ProcessId | undefined
  #command: Command | undefined

  constructor(
    private readonly name: string,
    /** Writes the configuration, and says how to run the server. */
    private readonly prepare: (place: Place) => Promise<Command>,
    /** Whether it answers in its own protocol. */
    private readonly answers: (place: Place) => Promise<boolean> = ({ port }) => probeMqtt(port)
  ) {
    // Where a test run breaks off before it ends what it started.
    process.once(
      'exit',
      () => this.#process && isAlive(this.#process) && process.kill(this.#process.pid, 'SIGKILL')
    )
  }

  get folder(): string {
    return join(testHome, `${this.name}-${process.pid}`)
  }

  /** While it runs. */
  get pid(): number {
    if (this.#process === undefined) throw new Error(`${this.name} does not run`)
    return this.#process.pid
  }

  async start(): Promise<Endpoints> {
    if (this.#place === undefined) {
      rmSync(this.folder, { recursive: true, force: true })
      mkdirSync(this.folder, { recursive: true })
      const taken = new Set<number>()
      const port = async () => {
        const found = await anyFree(taken)
        taken.add(found)
        return found
      }
      const place = {
        home: testHome,
        folder: this.folder,
        port: await port(),
        tlsPort: await port(),
        mtlsPort: await port(),
        wsPort: await port(),
        wssPort: await port()
      }
      this.#command = await this.prepare(place)
      this.#place = place
      await this.restart()
    }
    const { port, tlsPort, mtlsPort, wsPort, wssPort } = this.#place
    const host = '127.0.0.1'
    const { ca, clientCert, clientKey } = ensureCertificates(testHome)
    return {
      url: `mqtt://${host}:${port}`,
      tlsUrl: `mqtts://${host}:${tlsPort}`,
      mtlsUrl: `mqtts://${host}:${mtlsPort}`,
      wsUrl: `ws://${host}:${wsPort}/mqtt`,
      wssUrl: `wss://${host}:${wssPort}/mqtt`,
      ca,
      clientCert,
      clientKey
    }
  }

  async restart(): Promise<void> {
    const log = join(this.folder, 'server.log')
    const launched = await launch(this.#command!, log)
    this.#process = launched
    const answers = async () => {
      if (!isAlive(launched)) throw new Error(`${this.name} ended; see ${log}`)
      return this.answers(this.#place!)
    }
    await until(`${this.name} to answer`, answers, 60_000)
  }

  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running) await end(running, 'SIGKILL', 5000)
  }

  async end(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running) await end(running, 'SIGTERM', 5000)
    this.#place = undefined
    rmSync(this.folder, { recursive: true, force: true })
  }
}
