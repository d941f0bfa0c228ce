import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineNode, MillraceError, OptionsError, userDirOf } from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { problemsBetween } from './check.ts'
import { wantedBy } from './logic.ts'
import { Running } from './running.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { options, status, RED } = context
  const problems = problemsBetween(options as unknown as Record<string, unknown>)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const home = join(userDirOf(RED) ?? tmpdir(), 'millrace', 'archive-source')
  const running = new Running(context, context.provided<ArchiveStore>('store'), home)
  status.set('grey', 'dot', 'idle')
  running.goOn()
  return {
    async accept({ payload }, done) {
      try {
        if (payload === 'stop' || payload === 'forget') await running.stop(payload === 'forget')
        else {
          const { path, since, until } = options
          const wanted = wantedBy({ path, since, until }, payload)
          if ('problems' in wanted)
            throw new MillraceError('OPTIONS_INVALID', wanted.problems.join('; '))
          await running.begin(wanted)
        }
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    close: () => running.close()
  }
})
