import type { BodyOutcome } from '@millrace/node-red-telemetry'
import { CODES, type CoapAnswer } from '../../core/answer.ts'

/** Of what was refused, so much is named: there is no room for more. */
const MAX_NAMED = 5

/** What a sender is told of its records, in words for a person where some were refused. */
export function outcomeAnswer(
  { accepted, rejected, errors }: Pick<BodyOutcome, 'accepted' | 'rejected' | 'errors'>,
  isStored: boolean
): CoapAnswer {
  if (rejected === 0) return { code: CODES.changed }
  const named = errors
    .slice(0, MAX_NAMED)
    .map(({ place, code, message }) => `${place === '' ? '' : `${place}: `}${code}: ${message}`)
  if (accepted === 0) return { code: CODES.badRequest, text: named.join(' ') }
  const stored = isStored ? 'the others are stored' : 'the others are taken'
  const count = `${rejected} of ${accepted + rejected} records cannot be read; ${stored}.`
  return { code: CODES.changed, text: [count, ...named].join(' ') }
}
