import { reasonOf } from '../../core/errors.ts'
import { formatDefaults } from '../../core/format/fields.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Lookup } from './answer.ts'
import { CachedDirectory } from './cached-directory.ts'
import { databaseLookup, type LookupQueries, statementFor } from './database-lookup.ts'
import { type Directory, TableDirectory } from './directory.ts'
import { FileDirectory } from './file-directory.ts'
import { httpLookup } from './http-lookup.ts'
import { projector } from './metadata.ts'
import { spec } from './spec.ts'
import { readTable } from './table.ts'
import { TopicDirectory } from './topic-directory.ts'
import type { TableUser } from './topic-table.ts'

export interface DirectoryNeeds {
  /** The connection that the person chose; asked for only where the source is a database. */
  readonly database: () => LookupQueries
  /** The same where the source is a topic. */
  readonly cluster: () => KafkaCluster
  readonly closing: AbortSignal
  /**
   * Told what is wrong with the source while known devices go on, and undefined when nothing is any
   * more.
   */
  readonly onProblem: (problem: unknown) => void
  /** Takes what is to be read in the log. */
  readonly say: Pick<TableUser, 'warn' | 'log'>
  /** Told when the source fails for one device while it answers for others. */
  readonly onRefused?: (key: string, why: string) => void
  /** Devices of messages that wait, a few of those that `not` does not hold for. */
  readonly waiting?: (not: (key: string) => boolean) => readonly string[]
}

/**
 * The source of metadata that these options describe.
 * @throws OptionsError where the table that was typed in is none
 */
export function directoryOf(
  options: Options<typeof spec>,
  surroundings: DirectoryNeeds
): Directory {
  const { keyColumn } = options
  switch (options.source) {
    case 'inline':
      return new TableDirectory(inlineTable(options))
    case 'file':
      return new FileDirectory({
        path: options.file,
        keyColumn,
        project: projector(options.copy, keyColumn),
        onRead: problem =>
          surroundings.onProblem(problem === undefined ? undefined : new Error(problem))
      })
    case 'database':
      return cached(options, fromDatabase(options, surroundings.database()), surroundings)
    case 'http':
      return cached(
        options,
        httpLookup(options, projector(options.copy, options.key), surroundings.closing),
        surroundings
      )
    case 'topic':
      return fromTopic(options, surroundings)
  }
}

function fromTopic(options: Options<typeof spec>, surroundings: DirectoryNeeds): Directory {
  const { topic, topicKey, keyInValue, topicDevices, topicMb, waitS, copy } = options
  const { format, schema, messageType, framing } = options
  const keyField = topicKey === 'field' ? keyInValue : undefined
  const { onProblem, say } = surroundings
  return new TopicDirectory(
    {
      cluster: surroundings.cluster(),
      topic,
      keyField,
      format: formatDefaults({ format, schema, messageType, framing }),
      maxKeys: topicDevices,
      maxBytes: topicMb * 1e6,
      project: projector(copy, keyField ?? ''),
      waitMs: waitS * 1000
    },
    { onProblem, ...say }
  )
}

function inlineTable({ devices, keyColumn, copy }: Options<typeof spec>) {
  const project = projector(copy, keyColumn)
  return new Map([...tableOf(devices, keyColumn)].map(([key, row]) => [key, project(row)]))
}

function tableOf(devices: string, keyColumn: string) {
  try {
    return readTable(devices, keyColumn)
  } catch (error) {
    throw OptionsError.between(spec, [['devices', reasonOf(error)]])
  }
}

function fromDatabase(
  { lookup, table, query, databaseKey: keyColumn, copy }: Options<typeof spec>,
  database: LookupQueries
): Lookup {
  const statement = lookup === 'table' ? statementFor(table, keyColumn, copy) : query
  return databaseLookup(database, statement, keyColumn, projector(copy, keyColumn))
}

function cached(
  { ttlS, unknownTtlS, maxEntries }: Options<typeof spec>,
  lookup: Lookup,
  surroundings: DirectoryNeeds
): Directory {
  const { onProblem, onRefused, waiting } = surroundings
  return new CachedDirectory(lookup, {
    ttlMs: ttlS * 1000,
    unknownTtlMs: unknownTtlS * 1000,
    maxEntries,
    onRefresh: onProblem,
    ...(onRefused && { onRefused }),
    ...(waiting && { waiting })
  })
}
