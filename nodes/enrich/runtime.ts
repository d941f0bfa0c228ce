import { reasonOf } from '../../core/errors.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { answer } from '../../core/record/message.ts'
import { directoryOf } from './directory-of.ts'
import { enricher, type Find, type Sorted } from './logic.ts'
import { persist } from './persist.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { options, metrics, status, node } = context
  const closing = new AbortController()
  const database = databaseOf(context)
  const trouble = new Trouble(options.source === 'database' ? databaseWords : shortReason, node)
  const directory = directoryOf(options, {
    database: () => database!,
    closing: closing.signal,
    onProblem: problem => trouble.tell(problem)
  })
  const onOutcome = (problem: unknown) => trouble.tell(problem)
  const find: Find = keys =>
    persist(() => directory.find(keys, Date.now()), { waitMs: options.waitS * 1000, closing: closing.signal, onOutcome })
  const enrich = enricher(options, directory, find, Date.now)
  database?.acquire()
  const stop = showRate(status, metrics, () => trouble.words)
  return {
    transform: message => {
      const outputs = (sorted: Sorted) => {
        metrics.rejected += sorted[1].length
        return answer(message, sorted)
      }
      const sorted = enrich(message)
      return sorted instanceof Promise ? sorted.then(outputs) : outputs(sorted)
    },
    close: async () => {
      stop()
      closing.abort()
      directory.close()
      await database?.release()
    }
  }
})

const databaseOf = (context: Context<typeof spec>): Database | undefined =>
  context.options.source === 'database' ? context.provided<Database>('database') : undefined

/** A status is cut by the editor where it gets too long, and the end of a path says more than its beginning. */
function shortReason(problem: unknown): string {
  const reason = reasonOf(problem)
  return reason.length > 60 ? `…${reason.slice(-59)}` : reason
}

/** What is wrong with the source: one line in the log when it begins and one when it ends, not one a try. */
class Trouble {
  words: string | undefined

  constructor(
    private readonly wordsFor: (problem: unknown) => string,
    private readonly node: Context<typeof spec>['node']
  ) {}

  tell(problem: unknown): void {
    const before = this.words
    this.words = problem === undefined ? undefined : this.wordsFor(problem)
    if (before === undefined && problem !== undefined)
      this.node.warn(`The metadata cannot be read: ${reasonOf(problem)}. What is known is used.`)
    if (before !== undefined && problem === undefined) this.node.log('The metadata can be read again.')
  }
}
