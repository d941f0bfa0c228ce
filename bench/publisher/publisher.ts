import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { FromPublisher, Job, ToPublisher } from './messages.ts'

export interface Publication {
  readonly startedMs: number
  readonly finishedMs: number
  /**
   * User and system time of the publisher's process; it is on the same cores as everything else.
   */
  readonly cpuMicros: number
}

/**
 * A publisher that has encoded its records and waits for `go`. Close it when a lane fails half way.
 */
export class Publisher {
  private readonly child: ChildProcess
  acknowledged = 0

  private constructor(job: Job) {
    this.child = fork(join(import.meta.dirname, 'process.ts'), { execArgv: ['--import', 'tsx'] })
    this.send({ kind: 'job', job })
  }

  /** @throws when the broker does not let it in */
  static async prepare(job: Job): Promise<Publisher> {
    const publisher = new Publisher(job)
    await publisher.until('prepared')
    return publisher
  }

  /** Starts publishing; `started` and `finished` are settled by the publisher's own clock. */
  go(): { started: Promise<number>; finished: Promise<Publication> } {
    const started = this.until('started').then(message => message.atMs)
    const finished = Promise.all([started, this.until('finished')]).then(
      ([startedMs, { atMs, cpuMicros }]) => {
        this.close()
        return { startedMs, finishedMs: atMs, cpuMicros }
      }
    )
    // whoever waits for `started` only must not be told of a late failure as unhandled
    finished.catch(() => {})
    this.send({ kind: 'go' })
    return { started, finished }
  }

  close(): void {
    if (this.child.connected) this.child.disconnect()
  }

  private send(message: ToPublisher): void {
    this.child.send(message)
  }

  private until<K extends FromPublisher['kind']>(
    kind: K
  ): Promise<Extract<FromPublisher, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromPublisher) => {
        if (message.kind === 'progress') this.acknowledged = message.acknowledged
        if (message.kind === 'failed') reject(new Error(message.message))
        if (message.kind !== kind) return
        this.child.off('message', onMessage)
        resolve(message as Extract<FromPublisher, { kind: K }>)
      }
      this.child.on('message', onMessage)
      this.child.once('exit', () =>
        reject(new Error('The publisher ended before it had published everything.'))
      )
    })
  }
}
