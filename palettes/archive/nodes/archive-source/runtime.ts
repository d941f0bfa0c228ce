import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  defineNode,
  MillraceError,
  OptionsError,
  reasonOf,
  userDirOf
} from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { isStoreError } from '../../core/store.ts'
import { Bringing } from './bringing.ts'
import { problemsBetween } from './check.ts'
import { progressText, type Wanted, wantedBy } from './logic.ts'
import { Positions } from './positions.ts'
import { spec } from './spec.ts'

const TELL_MS = 1_000

export default defineNode(spec, context => {
  const { options, status, node, RED, id, tracker, send } = context
  const problems = problemsBetween(options as unknown as Record<string, unknown>)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const store = context.provided<ArchiveStore>('store')
  const home = join(userDirOf(RED) ?? tmpdir(), 'millrace', 'archive-source')
  const name = encodeURIComponent(id)
  const positions = new Positions(join(home, `${name}.json`))
  let running: { readonly stop: AbortController; readonly end: Promise<void> } | undefined

  const begin = (wanted: Wanted): Promise<void> => {
    const stop = new AbortController()
    const end = bring(wanted, stop.signal).finally(() => {
      running = undefined
    })
    running = { stop, end }
    return end
  }
  const bring = async (wanted: Wanted, signal: AbortSignal): Promise<void> => {
    let toldMs = performance.now()
    status.waiting('listing files')
    const bringing: Bringing = new Bringing({
      ...{ context, store, positions, signal, folder: join(home, name) },
      onTrouble(error) {
        const words = isStoreError(error) ? error.short : reasonOf(error)
        if (isStoreError(error) && error.needsPerson) status.failed(words)
        else status.waiting(words)
      },
      onProgress(progress) {
        const { retrying } = bringing
        if (retrying === undefined) status.set('blue', 'dot', progressText(progress))
        else status.waiting(`retrying: ${retrying.slice(0, 40)}`)
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
      if (!signal.aborted) status.failed(reasonOf(error))
      if (!signal.aborted) throw error
    }
  }

  status.set('grey', 'dot', 'idle')
  // What was not at its end when Node-RED ended goes on.
  const before = positions.running
  if (before !== null)
    tracker.afterDeployment(() => void begin(before).catch(error => node.error(reasonOf(error))))
  return {
    async accept({ payload }, done) {
      try {
        if (payload === 'stop' || payload === 'forget') {
          running?.stop.abort()
          await running?.end
          if (payload === 'forget') positions.forget()
          else positions.end()
          status.set('grey', 'dot', payload === 'stop' ? 'stopped' : 'idle')
          return done()
        }
        if (running !== undefined)
          throw new MillraceError('NOT_READY', 'Records are being brought back already.')
        const wanted = wantedBy(options, payload)
        if ('problems' in wanted)
          throw new MillraceError('OPTIONS_INVALID', wanted.problems.join('; '))
        await begin(wanted)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    async close() {
      running?.stop.abort()
      await running?.end.catch(() => undefined)
    }
  }
})
