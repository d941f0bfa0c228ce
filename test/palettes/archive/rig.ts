/** What the tests of the archive share: a flow from a topic to files, and what is in them. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import archiveSink from '../../../palettes/archive/nodes/archive-sink/runtime.ts'
import archiveStore from '../../../palettes/archive/nodes/archive-store/runtime.ts'
import type { FlowEntry } from '../../node-red.ts'
import { startKafkaFlow } from '../../nodes/kafka-flow.ts'

export const startArchiveFlow = () => startKafkaFlow(archiveStore, archiveSink)

export const unique = (what: string) => `${what}-${randomUUID().slice(0, 8)}`

export interface Scene {
  readonly topic: string
  readonly group: string
  /** Settings of the store, the consumer and the sink. */
  readonly store: object
  readonly read?: object
  readonly sink?: object
}

/** A consumer, an archive sink behind it, and what leaves both its outputs. */
export const archiving = ({ topic, group, store, read, sink }: Scene): FlowEntry[] => [
  { id: 'store', type: 'millrace-archive-store', ...store },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    topics: topic,
    groupId: group,
    ...read,
    wires: [['sink'], ['bad']]
  },
  {
    id: 'sink',
    type: 'millrace-archive-sink',
    store: 'store',
    path: 'site={site}/hour={hour}/',
    timeField: 'ts_utc',
    format: 'jsonl',
    compression: 'none',
    everyMin: 0.01,
    archive: 'test',
    ...sink,
    wires: [['files'], ['bad']]
  },
  { id: 'files', type: 'seen' },
  { id: 'bad', type: 'seen' }
]

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-archive-'))

  /** Paths of all files of records, in order. */
  get files(): string[] {
    return readdirSync(this.path, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(this.path, join(entry.parentPath, entry.name)))
      .filter(path => !path.startsWith('_millrace') && !path.startsWith('.'))
      .sort()
  }

  /** All records that JSON lines hold. */
  get records(): { n: number; site: string }[] {
    return this.files.flatMap(path => {
      const bytes = readFileSync(join(this.path, path))
      const text = String(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as { n: number; site: string })
    })
  }

  sizeOf(path: string): number {
    return statSync(join(this.path, path)).size
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Of sites a, b, c in turn, ten seconds apart. */
export const readings = (from: number, to: number, startMs = Date.parse('2026-03-01T00:00:00Z')) =>
  Array.from({ length: to - from }, (_, index) => {
    const n = from + index
    return { n, site: 'abc'[n % 3]!, ts_utc: new Date(startMs + n * 10_000).toISOString() }
  })

export const numbersOf = (records: readonly { n: number }[]): number[] =>
  records.map(({ n }) => n).sort((a, b) => a - b)

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
