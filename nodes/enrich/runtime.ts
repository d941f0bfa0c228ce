import { reasonOf } from '../../core/errors.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { answer, type Message, recordsOf } from '../../core/record/message.ts'
import { WordAMinute } from '../../core/throttled-notice.ts'
import { directoryOf } from './directory-of.ts'
import { enricher, type Find, keyReader, type Sorted } from './logic.ts'
import { persist } from './persist.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { options, metrics, status, node } = context
  const closing = new AbortController()
  const database = databaseOf(context)
  const trouble = new Trouble(options.source === 'database' ? databaseWords : shortReason, node)
  const refused = new WordAMinute((devices, why) => node.warn(refusedText(devices, why)))
  let behind: () => readonly Message[] = () => []
  const directory = directoryOf(options, {
    database: () => database!,
    closing: closing.signal,
    onProblem: problem => trouble.tell(problem),
    onRefused: (key, why) => refused.add(1, `${JSON.stringify(key.slice(0, 80))}: ${why}`),
    waiting: not => devicesOf(behind(), options.key, not)
  })
  const onOutcome = (problem: unknown) => trouble.tell(problem)
  const find: Find = keys => persist(directory.finder(keys, Date.now), { waitMs: options.waitS * 1000, closing: closing.signal, onOutcome })
  const enrich = enricher(options, directory, find, Date.now)
  database?.acquire()
  const stop = showRate(status, metrics, () => trouble.words)
  return {
    transform: (message, waiting) => {
      behind = waiting
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
      refused.end()
      await database?.release()
    }
  }
})

const databaseOf = (context: Context<typeof spec>): Database | undefined =>
  context.options.source === 'database' ? context.provided<Database>('database') : undefined

/** So many of the devices that wait are asked, and so many records are looked at for them. */
const FEW = 3
const LOOK_AT = 1000

/** Devices of messages that wait: if one of them is answered, the source is not away. */
function devicesOf(messages: readonly Message[], path: string, not: (key: string) => boolean): string[] {
  const keyOf = keyReader(path)
  const found = new Set<string>()
  let looked = 0
  for (const { payload } of messages) {
    for (const record of recordsOf(payload)) {
      if (found.size === FEW || ++looked > LOOK_AT) return [...found]
      const key = keyOf(record)
      if (key !== undefined && !not(key)) found.add(key)
    }
  }
  return [...found]
}

const refusedText = (devices: number, why: string) =>
  `The source of metadata fails for ${devices === 1 ? 'a device' : `${devices} devices, e.g. one`} while it answers for others: ${why}`

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
