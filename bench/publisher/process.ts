/**
 * The publisher's own process: gets a job, encodes it, says when it is ready, and publishes when
 * told to.
 */
import { PublishingConnection } from './connection.ts'
import type { FromPublisher, Job, ToPublisher } from './messages.ts'
import { type Packets, publishPackets, stamp } from './packets.ts'

const tell = (message: FromPublisher) => process.send?.(message)

/** One connection's share of a job: every so-manieth record, in order, with a window of its own. */
class Sender {
  private sent = 0
  private due = 0
  private connection: PublishingConnection | undefined

  constructor(
    private readonly job: Job,
    private readonly packets: Packets
  ) {}

  get count(): number {
    return this.packets.starts.length - 1
  }

  get acknowledged(): number {
    return this.connection?.acknowledged ?? 0
  }

  async open(clientId: string): Promise<void> {
    this.connection = await PublishingConnection.open(this.job.url, clientId, () => this.pump())
  }

  /** Allows the first `due` records to go out. */
  release(due: number): void {
    this.due = Math.min(due, this.count)
    this.pump()
  }

  private pump(): void {
    const end = Math.min(this.due, this.acknowledged + this.job.window)
    if (end > this.sent) this.send(end)
    if (this.acknowledged === this.count) this.onEnd()
  }

  onEnd: () => void = () => {}

  private send(end: number): void {
    const { bytes, starts } = this.packets
    if (this.job.stampTime) {
      const nowMs = Date.now()
      for (let index = this.sent; index < end; index++) stamp(this.packets, index, nowMs)
    }
    this.connection?.write(bytes.subarray(starts[this.sent], starts[end]))
    this.sent = end
  }

  close(): void {
    this.onEnd = () => {}
    this.connection?.close()
  }
}

const TICK_MS = 2

class Publication {
  private readonly senders: readonly Sender[]
  private readonly timers: NodeJS.Timeout[] = []

  constructor(private readonly job: Job) {
    const { from, count, connections, shape, firstMs } = job
    this.senders = Array.from({ length: connections }, (_, index) => {
      const share = Math.floor((count - index - 1) / connections) + 1
      return new Sender(job, publishPackets(from + index, share, connections, shape, firstMs))
    })
  }

  async prepare(): Promise<void> {
    await Promise.all(
      this.senders.map((sender, index) => sender.open(`${this.job.clientId}-${index}`))
    )
    tell({ kind: 'prepared' })
  }

  go(): void {
    const startedMs = performance.now()
    const { cpuUsage } = process
    const before = cpuUsage()
    let open = this.senders.length
    for (const sender of this.senders) {
      sender.onEnd = () => {
        sender.close()
        if (--open === 0) this.finish(cpuUsage(before))
      }
    }
    this.timers.push(
      setInterval(() => tell({ kind: 'progress', acknowledged: this.acknowledged() }), 250)
    )
    tell({ kind: 'started', atMs: Date.now() })
    const { perSecond, connections } = this.job
    if (perSecond === undefined) this.release(Number.POSITIVE_INFINITY)
    else
      this.timers.push(
        setInterval(
          () => this.release(((performance.now() - startedMs) * perSecond) / 1000 / connections),
          TICK_MS
        )
      )
  }

  private release(due: number): void {
    for (const sender of this.senders) sender.release(Math.floor(due))
  }

  private acknowledged(): number {
    return this.senders.reduce((sum, sender) => sum + sender.acknowledged, 0)
  }

  private finish({ user, system }: NodeJS.CpuUsage): void {
    for (const timer of this.timers) clearInterval(timer)
    tell({ kind: 'finished', atMs: Date.now(), cpuMicros: user + system })
  }
}

function fail(error: unknown): void {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
}

let publication: Publication | undefined
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
process.on('message', (message: ToPublisher) => {
  if (message.kind === 'go') return publication?.go()
  publication = new Publication(message.job)
  publication.prepare().catch(fail)
})
process.on('disconnect', () => process.exit(0))
