import type { ChoiceField, NumberField } from '../node/spec.ts'

/**
 * The fields by which every source says how it waits for the flow: told in the same words wherever
 * they stand.
 */

/** What each mode means, in the words of the dialog; see the help of the sources for the whole. */
export const ACKNOWLEDGE = {
  finished: 'when the flow has finished with it',
  stored: 'when a sink has stored it',
  received: 'at once, whatever becomes of it'
} as const satisfies ChoiceField['choices']

/** The modes that wait: only these retry and time out. */
export const WAITS = ['finished', 'stored'] as const

const waits = { acknowledge: WAITS } as const

/**
 * A source has these four; it may say more of each: `{ ...sourceFields.maxInFlight, default: 500
 * }`.
 */
export const sourceFields = {
  acknowledge: {
    kind: 'choice',
    label: 'Acknowledge',
    default: 'finished',
    choices: ACKNOWLEDGE,
    help: 'When the other side may forget a record. "Stored" is strict: what no sink confirms is sent again.'
  },
  maxInFlight: {
    kind: 'number',
    label: 'Records in flight',
    default: 5000,
    min: 1,
    max: 1_000_000,
    integer: true,
    unit: 'records',
    section: 'advanced',
    help: 'At most this many records are unacknowledged at a time, and 64 MB; then no more are taken. Must exceed what a join or batch node in the flow collects.'
  },
  retries: {
    kind: 'number',
    label: 'Retries',
    default: 5,
    min: 0,
    max: 1000,
    integer: true,
    section: 'advanced',
    when: waits,
    help: 'How often a batch that the flow failed to deal with is sent again, with growing pauses, before it leaves by the second output.'
  },
  timeoutS: {
    kind: 'number',
    label: 'Timeout',
    default: 60,
    min: 1,
    max: 86_400,
    unit: 's',
    section: 'advanced',
    when: waits,
    help: 'A batch that the flow has not finished with after this long counts as failed. Sinks that wait for their service ask for more time.'
  }
} as const satisfies {
  acknowledge: ChoiceField
  maxInFlight: NumberField
  retries: NumberField
  timeoutS: NumberField
}
