import { bytesOf, type FoundPlace, formatLabel, formatOf, placeOf } from './formats.ts'
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
  const found = await formatOf(payloads)
  if (found === undefined)
    return [
      {
        says: 'The bytes are of no format that is told by its bytes; Protobuf and Avro need their schema',
        evidence: share(payloads.length, payloads.length, 'messages'),
        settings: {}
      }
    ]
  const { format, compression, delimiter, of, value } = found
  const packed = compression === undefined ? '' : `, packed with ${compression}`
  const finding: Finding = {
    says: `The messages are ${formatLabel(format)}${packed}`,
    evidence: share(of, payloads.length, 'messages'),
    settings: {
      format,
      ...(format === 'csv' ? { delimiter } : {}),
      ...(compression === undefined ? {} : { decompress: true })
    }
  }
  return [finding, ...(format === 'json' ? placeFinding(placeOf(value), isTopOnly) : [])]
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
  const { at, path, elements } = place
  if (at === 'message' || (isTopOnly && (path !== '' || at === 'object'))) return []
  return [{ says: saysOf(place), evidence: `${elements} in the first`, settings: { at, path } }]
}

function saysOf({ at, path, names = [] }: FoundPlace): string {
  if (at === 'object')
    return `Each value of ${path === '' ? 'the message' : path} is a record: ${names.join(', ')}, …`
  return path === '' ? 'The message is a list' : `The records are in the list ${path}`
}
