import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { Context } from '../../core/node/define-node.ts'
import { defineTransform, type Transform } from '../../core/node/define-transform.ts'
import type { Options } from '../../core/node/spec.ts'
import { databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import type { Message } from '../../core/record/message.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { Directory, DirectoryState } from './directory.ts'
import { directoryOf } from './directory-of.ts'
import { learn } from './learn.ts'
import { enricher, type Find } from './logic.ts'
import { NewDevices } from './new-devices.ts'
import { persist } from './persist.ts'
import { spec } from './spec.ts'
import { refusedSentence, shortReason, Trouble, topicWords } from './trouble.ts'
import { devicesOf } from './waiting-devices.ts'

const open = (context: Context<typeof spec>): Transform => {
  const { options, node } = context
  const closing = new AbortController()
  const database = databaseOf(context)
  const trouble = new Trouble(WORDS[options.source], node, options.source === 'topic')
  const refused = new ThrottledNotice((devices, why) => node.warn(refusedSentence(devices, why)))
  let behind: () => readonly Message[] = () => []
  const directory = directoryOf(options, {
    database: () => database!,
    cluster: () => context.provided<KafkaCluster>('cluster'),
    say: { warn: line => node.warn(line), log: line => node.log(line) },
    closing: closing.signal,
    onProblem: problem => trouble.tell(problem),
    onRefused: (key, why) => refused.add(1, `${JSON.stringify(key.slice(0, 80))}: ${why}`),
    waiting: not => devicesOf(behind(), options.key, not)
  })
  const onOutcome = (problem: unknown) => trouble.tell(problem)
  const find: Find = keys =>
    persist(directory.finder(keys, Date.now), {
      waitMs: options.waitS * 1000,
      closing: closing.signal,
      onOutcome
    })
  const news = options.unknown === 'reject' ? undefined : newDevicesOf(context)
  const enrich = enricher(options, directory, find, Date.now, news)
  database?.acquire()
  return {
    sort: (message, waiting) => {
      behind = waiting
      return enrich(message)
    },
    problem: () => {
      const { mend, waits } = stateOf(context, directory)
      return mend === undefined ? (trouble.words ?? waits) : { mend }
    },
    note: () => news?.text ?? directory.state?.note,
    close: async () => {
      closing.abort()
      directory.close()
      refused.end()
      news?.close()
      await database?.release()
    }
  }
}

/** Says in a few words what is the matter with a source. */
const WORDS: Readonly<Record<Options<typeof spec>['source'], (problem: unknown) => string>> = {
  inline: shortReason,
  file: shortReason,
  http: shortReason,
  database: databaseWords,
  topic: topicWords
}

export default defineTransform(spec, open, undefined, { learn })

/** Looked at once a second, for the status. */
function stateOf({ metrics }: Context<typeof spec>, { state }: Directory): Partial<DirectoryState> {
  for (const [name, value] of state?.gauges ?? []) metrics.gauges.set(name, value)
  return state ?? {}
}

const newDevicesOf = ({ node, metrics }: Context<typeof spec>) =>
  new NewDevices({
    say: sentence => node.warn(sentence),
    count: devices => metrics.gauges.set('new devices', devices)
  })

const databaseOf = (context: Context<typeof spec>): Database | undefined =>
  context.options.source === 'database' ? context.provided<Database>('database') : undefined
