import type { ChoiceField, NumberField } from '../node/spec.ts'

/**
 * The fields by which every source says how it gathers and how it waits for the flow: told in the
 * same words wherever they stand.
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

/** The one choice between latency and CPU time; see core/pace.ts for what it means. */
const PACE = {
  kind: 'choice',
  label: 'Pace',
  section: 'advanced',
  default: 'balanced',
  choices: {
    latency: 'latency: hardly any wait, several times the CPU time',
    balanced: 'balanced: about 30 ms, 70 ms for the slowest',
    economy: 'economy: about 150 ms, 280 ms for the slowest'
  },
  help: 'How long records wait for others to go on with, since a batch costs the same whatever it holds. The times are those from device to table. At 100 records/s economy takes a third of the CPU time of balanced, at 1,000/s the same.'
} as const satisfies ChoiceField

/**
 * Every source has `acknowledge`, `maxInFlight`, `retries` and `timeoutS`; those that gather have
 * `pace` and `batchSize`, those that take payloads of any size `maxPayloadBytes`. Each may
 * say more: `{ ...sourceFields.maxInFlight, default: 500 }`.
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
  pace: PACE,
  batchSize: {
    kind: 'number',
    label: 'Batch size',
    default: 500,
    min: 1,
    max: 10_000,
    integer: true,
    unit: 'records',
    section: 'advanced',
    help: 'At most this many records leave together. 1 sends every record by itself, not in an array.'
  },
  maxPayloadBytes: {
    kind: 'number',
    label: 'Largest payload',
    default: 1_048_576,
    min: 1,
    max: 268_435_455,
    integer: true,
    unit: 'bytes',
    section: 'advanced',
    help: 'Larger messages leave by the second output.'
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
  pace: ChoiceField
  batchSize: NumberField
  maxPayloadBytes: NumberField
  retries: NumberField
  timeoutS: NumberField
}

/** In place of `pace` where a linger could be set before there were paces. */
export const lingerFields = {
  pace: { ...PACE, choices: { ...PACE.choices, own: 'by a linger of its own' } },
  lingerMs: {
    kind: 'number',
    label: 'Linger',
    default: 40,
    min: 0,
    max: 1000,
    unit: 'ms',
    section: 'advanced',
    when: { pace: ['own'] },
    help: 'A batch that is not full leaves no sooner than so long after the one before it.'
  }
} as const satisfies { pace: ChoiceField; lingerMs: NumberField }
