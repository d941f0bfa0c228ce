/**
 * The pure logic of the hot path, each ready to be run over a batch of records as the pipeline
 * would give it.
 */

import { parseOptions } from '../../core/node/spec.ts'
import { planOf, Rows } from '../../core/postgres/rows.ts'
import { parseRecord } from '../../core/record/parse-record.ts'
import { PROVENANCE, Provenance, type TelemetryRecord } from '../../core/record/record.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import { decoder } from '../../nodes/decode/logic.ts'
import { spec as decodeSpec } from '../../nodes/decode/spec.ts'
import { TableDirectory } from '../../nodes/enrich/directory.ts'
import { enricher } from '../../nodes/enrich/logic.ts'
import type { Metadata } from '../../nodes/enrich/metadata.ts'
import { spec as enrichSpec } from '../../nodes/enrich/spec.ts'
import { normalizer } from '../../nodes/normalize/logic.ts'
import { spec as normalizeSpec } from '../../nodes/normalize/spec.ts'
import { reshaper } from '../../nodes/reshape/logic.ts'
import { spec as reshapeSpec } from '../../nodes/reshape/spec.ts'
import { spec as sinkSpec } from '../../nodes/timescale-sink/spec.ts'
import { validator } from '../../nodes/validate/logic.ts'
import { spec as validateSpec } from '../../nodes/validate/spec.ts'
import { deviceId, payloadOf, topicOf, topicTemplate, usualShape } from '../fleet.ts'
import { METRICS, wideBatch, wideShapes } from '../wide-messages.ts'

export const BATCH = 500

/** Deals with one batch; what it returns keeps the optimiser from leaving the work out. */
export type Work = () => unknown

export interface Subject {
  readonly name: string
  readonly work: Work
}

const NOW_MS = 1_750_000_000_000
const payloads = Array.from({ length: BATCH }, (_, sequence) =>
  Buffer.from(payloadOf(sequence, NOW_MS + sequence, usualShape))
)
const fresh = (): TelemetryRecord[] =>
  payloads.map(bytes => JSON.parse(bytes.toString()) as TelemetryRecord)

/** What everything is compared with: the engine's own parse and stringify of the same records. */
export const baseline: Subject = {
  name: 'JSON.parse and JSON.stringify',
  work: () => payloads.map(bytes => JSON.stringify(JSON.parse(bytes.toString())))
}

export async function subjects(): Promise<Subject[]> {
  const records = fresh()
  for (const [index, record] of records.entries())
    Object.assign(record, { [PROVENANCE]: new Provenance({ at: taken }, index) })
  const message = { payload: records }
  const validate = validator(parseOptions(validateSpec, {}))
  const normalize = normalizer(parseOptions(normalizeSpec, {}), () => NOW_MS)
  const directory = new TableDirectory(places)
  const enrich = enricher(
    parseOptions(enrichSpec, {}),
    directory,
    async () => new Map(),
    () => NOW_MS
  )
  return [
    { name: 'parse-record', work: () => payloads.map(bytes => parseRecord(bytes)) },
    { name: 'topic-template', work: topics },
    { name: 'validate', work: () => validate(message) },
    { name: 'normalize', work: () => normalize(message) },
    { name: 'enrich', work: () => enrich(message) },
    { name: 'timescale-sink rows', work: rowsOf(normalize(message)[0] as TelemetryRecord[]) },
    ...(await unpivoting())
  ]
}

/** A few messages with many measurements make as many rows as a batch has records. */
const unpivoting = (): Promise<Subject[]> =>
  Promise.all(
    wideShapes.map(async shape => {
      const decode = await decoder(parseOptions(decodeSpec, {}), () => NOW_MS)
      const reshape = reshaper(parseOptions(reshapeSpec, shape.settings), () => NOW_MS, calculated)
      const message = wideBatch(shape, BATCH / METRICS)
      const work = () => {
        const decoded = decode(message)
        // Only where the machine did something else for long there are several turns.
        return decoded instanceof Promise ? decoded : reshape({ payload: decoded.outputs[0] })
      }
      return { name: `decode, unpivot: ${shape.name}`, work }
    })
  )

function calculated(): never {
  throw new Error('Nothing is calculated.')
}

const places: ReadonlyMap<string, Metadata> = new Map(
  Array.from({ length: BATCH }, (_, device) => [
    deviceId(device),
    [['location', `hall ${device % 7}`]] satisfies Metadata
  ])
)

function taken(): never {
  throw new Error('Nobody asks for the origin of a record that is not rejected.')
}

function topics(): unknown {
  return addresses.map(topic => template.match(topic))
}
const template = compileTopicTemplate(topicTemplate)
const addresses = Array.from({ length: BATCH }, (_, device) => topicOf(device))

function rowsOf(records: readonly TelemetryRecord[]): Work {
  const { columns } = parseOptions(sinkSpec, { database: 'unused' })
  const mappings = columns.map(({ column, from, type, role }) => ({
    column,
    from,
    type,
    key: role === 'key',
    required: role !== 'optional'
  }))
  const rows = new Rows(planOf(mappings), BATCH)
  return () => {
    rows.clear()
    for (const record of records) rows.append(record)
    return rows.count
  }
}
