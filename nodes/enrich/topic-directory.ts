import { loadingReader, type ReaderOptions } from '../../core/format/reader.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { compact } from '../../core/node/status.ts'
import { KeyRefusal, type Known } from './answer.ts'
import type { Directory, DirectoryState, Finder } from './directory.ts'
import type { Metadata, MetadataRow } from './metadata.ts'
import { type TableUser, TopicTable, type TopicTableOptions } from './topic-table.ts'

export interface TopicOptions extends Omit<TopicTableOptions, 'cluster' | 'loading'> {
  readonly cluster: KafkaCluster
  readonly format: ReaderOptions
  readonly project: (row: MetadataRow) => Metadata
  /** How long records wait for a table that is not ready; 0: as long as it takes. */
  readonly waitMs: number
}

/**
 * A table stays so long after its last user, so that the next one need not read the topic again:
 * the node after a deploy, or its dialog, which makes a node for each look.
 */
const STAYS_MS = 20_000

interface Shared {
  readonly table: TopicTable
  ending: NodeJS.Timeout | undefined
}

/** The tables that are there, by what they are made of. */
const tables = new WeakMap<object, Map<string, Shared>>()

/** Looks devices up in a table that follows a topic, and shares it with others that do the same. */
export class TopicDirectory implements Directory {
  readonly #name: string
  readonly #shared: Shared
  readonly #closing = new AbortController()
  /** What a row gives to a record, worked out once a row. */
  readonly #projected = new WeakMap<MetadataRow, Metadata>()

  constructor(
    private readonly options: TopicOptions,
    private readonly user: TableUser
  ) {
    const { topic, keyField, maxKeys, maxBytes, format } = options
    this.#name = JSON.stringify([topic, keyField, maxKeys, maxBytes, format])
    this.#shared = sharedTable(options, this.#name)
    this.#shared.table.join(user)
  }

  peek(key: string): Known | undefined {
    const row = this.#shared.table.find(key)
    return row === undefined || row === null || row instanceof KeyRefusal
      ? row
      : this.#metadataOf(row)
  }

  finder(keys: readonly string[]): Finder {
    return async () => {
      await this.#shared.table.ready(this.options.waitMs, this.#closing.signal)
      return new Map(keys.map(key => [key, this.peek(key) ?? null]))
    }
  }

  get state(): DirectoryState {
    const { isReady, rows } = this.#shared.table
    return {
      waits: isReady ? undefined : `reading, ${compact(rows.size)} devices`,
      mend: rows.isFull ? `table full: ${compact(rows.size)} devices` : undefined,
      note: rows.unreadable > 0 ? `${compact(rows.unreadable)} unreadable` : undefined,
      gauges: [
        ['table devices', rows.size],
        ['table bytes', rows.bytes],
        ['unreadable', rows.unreadable]
      ]
    }
  }

  close(): void {
    this.#closing.abort()
    const { table } = this.#shared
    if (!table.leave(this.user)) return
    this.#shared.ending = setTimeout(() => {
      const known = tables.get(this.options.cluster)
      if (known?.get(this.#name) === this.#shared) known.delete(this.#name)
      void table.close()
    }, STAYS_MS).unref()
  }

  #metadataOf(row: MetadataRow): Metadata {
    let metadata = this.#projected.get(row)
    if (metadata === undefined) {
      metadata = this.options.project(row)
      this.#projected.set(row, metadata)
    }
    return metadata
  }
}

/** A full one is read again: there may be less in the topic by now. */
function sharedTable({ cluster, format, ...options }: TopicOptions, name: string): Shared {
  const known = tables.get(cluster) ?? new Map<string, Shared>()
  tables.set(cluster, known)
  const found = known.get(name)
  if (found !== undefined && !found.table.rows.isFull) {
    clearTimeout(found.ending)
    return found
  }
  const loading = loadingReader(format)
  const made: Shared = {
    table: new TopicTable({ ...options, cluster, loading }),
    ending: undefined
  }
  known.set(name, made)
  return made
}
