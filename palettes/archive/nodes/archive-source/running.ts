import { join } from 'node:path'
import { type Context, MillraceError, reasonOf } from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { isStoreError } from '../../core/store.ts'
import { Bringing } from './bringing.ts'
import { type Progress, progressText, type Wanted } from './logic.ts'
import { Positions } from './positions.ts'
import type { spec } from './spec.ts'

const TELL_MS = 1_000

/** One run at a time: shows how it goes, and goes on with what an end of Node-RED has cut off. */
export class Running {
  readonly #positions: Positions
  readonly #folder: string
  #current: { readonly stop: AbortController; readonly end: Promise<void> } | undefined

  constructor(
    private readonly context: Context<typeof spec>,
    private readonly store: ArchiveStore,
    home: string
  ) {
    this.#folder = join(home, encodeURIComponent(context.id))
    this.#positions = new Positions(`${this.#folder}.json`)
  }

  /** What was not at its end when Node-RED ended. */
  goOn(): void {
    const { tracker, node } = this.context
    const before = this.#positions.running
    if (before === null) return
    tracker.afterDeployment(
      () => void this.begin(before).catch(error => node.error(reasonOf(error)))
    )
  }

  /** Resolves at the end of it. @throws MillraceError where one is under way */
  begin(wanted: Wanted): Promise<void> {
    if (this.#current !== undefined)
      throw new MillraceError('NOT_READY', 'Records are being brought back already.')
    const stop = new AbortController()
    const end = this.#bring(wanted, stop.signal).finally(() => {
      this.#current = undefined
    })
    this.#current = { stop, end }
    return end
  }

  /** The same range goes on from here when it is begun again, unless it is forgotten. */
  async stop(forgets: boolean): Promise<void> {
    await this.close()
    if (forgets) this.#positions.forget()
    else this.#positions.end()
    this.context.status.set('grey', 'dot', forgets ? 'idle' : 'stopped')
  }

  async close(): Promise<void> {
    const current = this.#current
    current?.stop.abort()
    await current?.end.catch(() => undefined)
  }

  async #bring(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { context, store } = this
    const { status, send } = context
    status.waiting('listing files')
    let toldMs = performance.now()
    const bringing: Bringing = new Bringing({
      ...{ context, store, signal, positions: this.#positions, folder: this.#folder },
      onTrouble: error => this.#shows(error),
      onProgress: progress => {
        this.#progresses(progress, bringing.retrying)
        if (performance.now() - toldMs < TELL_MS) return
        toldMs = performance.now()
        send([null, null, { payload: { ...progress, finished: false, ...wanted } }])
      }
    })
    try {
      const done = await bringing.run(wanted)
      send([null, null, { payload: { ...done, finished: true, ...wanted } }])
      status.healthy(progressText(done))
    } catch (error) {
      if (signal.aborted) return
      status.failed(reasonOf(error))
      throw error
    }
  }

  #progresses(progress: Progress, retrying: string | undefined): void {
    const { status } = this.context
    if (retrying === undefined) status.set('blue', 'dot', progressText(progress))
    else status.waiting(`retrying: ${retrying.slice(0, 40)}`)
  }

  #shows(error: unknown): void {
    const { status } = this.context
    if (isStoreError(error) && error.needsPerson) status.failed(error.short)
    else status.waiting(isStoreError(error) ? error.short : reasonOf(error))
  }
}
