import { isUtf8 } from 'node:buffer'
import {
  bytesOf,
  type FoundFormat,
  type FoundPlace,
  formatLabel,
  formatOf,
  placeOf
} from './formats.ts'
import { type Finding, type Observed, share } from './learned.ts'
import { isObject } from './survey.ts'

/**
 * What the bytes of messages are, and where in them the records stand.
 * @param isTopOnly a list inside an object is left to a node behind, which takes it apart better
 */
export async function formatFindings(
  observed: readonly Observed[],
  isTopOnly: boolean
): Promise<Finding[]> {
  const payloads = observed.flatMap(({ payload }) => bytesIn(payload))
  if (payloads.length === 0) return placeFindings(observed.map(({ payload }) => payload))
  const all = share(payloads.length, payloads.length, 'messages')
  if (payloads.every(({ length }) => length === 0)) return [toKnow('The messages are empty', all)]
  const found = await formatOf(payloads)
  if (found === undefined) return [toKnow(NO_FORMAT, all)]
  const { format, compression, delimiter, decimal, of, looked, value } = found
  const packed = compression === undefined ? '' : `, packed with ${compression}`
  const commas = decimal === 'comma' ? ', with decimal commas' : ''
  const finding: Finding = {
    says: `The messages are ${formatLabel(format)}${commas}${packed}`,
    evidence: share(of, looked, 'messages'),
    settings: {
      format,
      ...(format === 'csv' ? { delimiter } : {}),
      ...(decimal === 'comma' ? { decimal } : {}),
      ...(compression === undefined ? {} : { decompress: true })
    }
  }
  return [
    finding,
    ...columnsFinding(found),
    ...otherFinding(found),
    ...longFinding(found),
    ...(format === 'json' ? placeFinding(placeOf(value), isTopOnly) : [])
  ]
}

export const NO_FORMAT =
  'The bytes are of no format that is told by its bytes; Protobuf and Avro need their schema'

const toKnow = (says: string, evidence: string): Finding => ({ says, evidence, settings: {} })

function columnsFinding({ columns }: FoundFormat): Finding[] {
  if (columns === '') return []
  const says = `No line names the columns: they are called ${columns}, until you write better names into Columns`
  return [{ says, evidence: '', settings: { columns } }]
}

/** What a person reads of a message that is not as the others are. */
const MOST_CHARACTERS = 40

function otherFinding({ other, of, looked }: FoundFormat): Finding[] {
  if (other === undefined) return []
  const text = isUtf8(other) ? other.toString().trim() : 'other bytes'
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
  const what = other.length === 0 ? 'empty' : `something else, such as ${shown}`
  const evidence = share(looked - of, looked, 'messages')
  return [toKnow(`Others are ${what}: they leave as rejected`, evidence)]
}

/** A reader that keeps no more than a double holds rejects these: nothing would be seen of them. */
function longFinding({ long, of }: FoundFormat): Finding[] {
  if (long === undefined) return []
  return [
    {
      says: `Numbers have more digits than a double holds, such as ${long}: all of them are kept`,
      evidence: share(of, of, 'messages'),
      settings: { exact: true }
    }
  ]
}

/** Kafka messages carry the bytes as their value. */
function bytesIn(payload: unknown): Buffer[] {
  const each = Array.isArray(payload) ? payload : [payload]
  return each.flatMap(one => {
    const value = isObject(one) && 'value' in one && Buffer.isBuffer(one.value) ? one.value : one
    return bytesOf(value) ?? []
  })
}

const placeFindings = (payloads: readonly unknown[]): Finding[] =>
  payloads[0] === undefined ? [] : placeFinding(placeOf(payloads[0]), false)

function placeFinding(place: FoundPlace, isTopOnly: boolean): Finding[] {
  const { at, path, elements, isNameless } = place
  if (isNameless)
    return [
      toKnow(
        'The message is a list in which nothing says what its values are: no record can be made of it',
        `${elements} in the first`
      )
    ]
  if (at === 'message' || (isTopOnly && (path !== '' || at === 'object'))) return []
  return [{ says: saysOf(place), evidence: `${elements} in the first`, settings: { at, path } }]
}

function saysOf({ at, path, names = [] }: FoundPlace): string {
  if (at === 'object')
    return `Each value of ${path === '' ? 'the message' : path} is a record: ${names.join(', ')}, …`
  return path === '' ? 'The message is a list' : `The records are in the list ${path}`
}
