import {
  getter,
  instantMicros,
  type Options,
  OptionsError,
  type Reason
} from '@millrace/node-red-telemetry'
import type { FileName } from '../../core/file-name.ts'
import { compressionProblems, type Finishing, outerCompression } from '../../core/finish-file.ts'
import { pathTemplate } from '../../core/path-template.ts'
import { rowFormat } from '../../core/row-format.ts'
import { problemsBetween } from './check.ts'
import type { spec } from './spec.ts'

export type SinkOptions = Options<typeof spec>

/** Where a record comes from. */
export interface From {
  readonly topic: string
  readonly partition: number
  /** When Kafka got it, in milliseconds since 1970. */
  readonly kafkaMs: number
}

export interface Filed {
  /** The folder, with a slash at its end unless it is the topmost. */
  readonly path: string
  /** The record as it stands in the file, with its line end. */
  readonly text: string
}

/** What the options make of records. */
export interface Plan {
  readonly finishing: Finishing
  readonly name: Pick<FileName, 'archive' | 'format' | 'compression'>
  readonly header: string
  file(record: object, from: From): Filed | Reason
}

/** @throws OptionsError for options that cannot be used */
export function planOf(options: SinkOptions, label: string, nodeId: string): Plan {
  const problems = problemsBetween(options as unknown as Record<string, unknown>).map(
    ([, problem]) => problem
  )
  problems.push(...compressionProblems(options))
  if (problems.length > 0) throw new OptionsError(label, problems)
  const { format, compression, timeField, late, lateH } = options
  const template = pathTemplate(options.path)
  const rows = rowFormat(options)
  const timeOf = timeField === '' ? undefined : getter(timeField)
  const needsTime = template.hasTime || late === 'reject'
  const latestMs = late === 'reject' ? lateH * 3_600_000 : Number.POSITIVE_INFINITY
  const archive = options.archive || nodeId.replace(/[^A-Za-z0-9_]/g, '_')
  const mostOfTopic = MAX_NAMES - archive.length
  return {
    finishing: { format, compression, columns: rows.columns },
    name: {
      archive,
      format,
      compression: outerCompression(options) as FileName['compression']
    },
    header: rows.header,
    file(record, { topic, partition, kafkaMs }) {
      if (topic.length > mostOfTopic) return LONG_NAME
      const timeMs = needsTime && timeOf !== undefined ? msOf(timeOf(record)) : kafkaMs
      if (timeMs === undefined) return noTime(timeField)
      if (kafkaMs - timeMs > latestMs) return tooLate(lateH)
      const path = template.fill(record, { topic, partition, timeMs })
      if (typeof path !== 'string') return path
      const text = rows.row(record)
      return typeof text === 'string' ? { path, text } : text
    }
  }
}

/** Of topic and archive together: the name of a file has 57 characters more, of 255. */
const MAX_NAMES = 198

const LONG_NAME: Reason = {
  code: 'ARCHIVE_PATH_INVALID',
  message: `The names of topic and archive have more than ${MAX_NAMES} characters together, and no file can have such a name. Give the archive a short one.`
}

function msOf(value: unknown): number | undefined {
  const micros = instantMicros(value)
  return micros === undefined ? undefined : Number(micros) / 1000
}

const noTime = (path: string): Reason => ({
  code: 'ARCHIVE_PATH_INVALID',
  message: `The record has no time in the field ${path}.`,
  path
})

const tooLate = (hours: number): Reason => ({
  code: 'ARCHIVE_LATE',
  message: `The record was older than ${hours} h when Kafka got it.`
})

export const NO_POSITION: Reason = {
  code: 'ARCHIVE_NO_POSITION',
  message:
    'The record does not come straight from a Kafka consumer that acknowledges what the flow has dealt with: there is no offset by which it would be archived once.'
}
