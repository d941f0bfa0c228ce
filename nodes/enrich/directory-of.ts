import { isAbsolute } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Lookup } from './answer.ts'
import { CachedDirectory } from './cached-directory.ts'
import { databaseLookup, type Queries, statementFor } from './database-lookup.ts'
import { type Directory, TableDirectory } from './directory.ts'
import { FileDirectory } from './file-directory.ts'
import { httpLookup } from './http-lookup.ts'
import { problemsOf } from './logic.ts'
import { projector } from './metadata.ts'
import { spec } from './spec.ts'
import { readTable } from './table.ts'
import { urlProblems } from './url.ts'

export interface Surroundings {
  /** The connection that the person chose; asked for only where the source is a database. */
  readonly database: () => Queries
  readonly closing: AbortSignal
  /** Told what is wrong with the source while known devices go on, and undefined when nothing is any more. */
  readonly onProblem: (problem: unknown) => void
  /** Told when the source fails for one device while it answers for others. */
  readonly onRefused?: (key: string, why: string) => void
  /** Devices of messages that wait, a few of those that `not` does not hold for. */
  readonly waiting?: (not: (key: string) => boolean) => readonly string[]
}

/**
 * The source of metadata that these options describe.
 * @throws OptionsError that lists what is wrong with them
 */
export function directoryOf(options: Options<typeof spec>, surroundings: Surroundings): Directory {
  const problems = [...problemsOf(options), ...sourceProblems(options)]
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { keyColumn } = options
  switch (options.source) {
    case 'inline':
      return new TableDirectory(inlineTable(options))
    case 'file':
      return new FileDirectory({
        path: options.file,
        keyColumn,
        project: projector(options.copy, keyColumn),
        onRead: problem => surroundings.onProblem(problem === undefined ? undefined : new Error(problem))
      })
    case 'database':
      return cached(options, fromDatabase(options, surroundings.database()), surroundings)
    case 'http':
      return cached(options, httpLookup(options, projector(options.copy, options.key), surroundings.closing), surroundings)
  }
}

function inlineTable({ devices, keyColumn, copy }: Options<typeof spec>) {
  const project = projector(copy, keyColumn)
  return new Map([...readTable(devices, keyColumn)].map(([key, row]) => [key, project(row)]))
}

function fromDatabase({ lookup, table, query, databaseKey: keyColumn, copy }: Options<typeof spec>, database: Queries): Lookup {
  const statement = lookup === 'table' ? statementFor(table, keyColumn, copy) : query
  return databaseLookup(database, statement, keyColumn, projector(copy, keyColumn))
}

function cached({ ttlS, unknownTtlS, maxEntries }: Options<typeof spec>, lookup: Lookup, surroundings: Surroundings): Directory {
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

function sourceProblems(options: Options<typeof spec>): string[] {
  const { fields } = spec
  switch (options.source) {
    case 'inline':
      return attempt(fields.devices.label, () => readTable(options.devices, options.keyColumn))
    case 'file':
      return isAbsolute(options.file) ? [] : [`${fields.file.label}: must be a full path, such as /data/devices.csv`]
    case 'http':
      return urlProblems(options.url).map(problem => `${fields.url.label}: ${problem}`)
    case 'database': {
      if (options.lookup === 'table')
        return attempt(fields.table.label, () => statementFor(options.table, options.databaseKey, options.copy))
      return options.query.includes('$1')
        ? []
        : [`${fields.query.label}: must have $1 where the devices go, as in WHERE device_id = ANY($1)`]
    }
  }
}

function attempt(label: string, work: () => unknown): string[] {
  try {
    work()
    return []
  } catch (error) {
    return [`${label}: ${reasonOf(error)}`]
  }
}
