import type { ChoiceField, NumberField } from '../node/spec.ts'

/** The fields by which every source says how it waits for the flow: told in the same words wherever they stand. */

/** What each mode means, in the words of the dialog; see the help of the sources for the whole. */
export const ACKNOWLEDGE = {
  finished: 'when the flow has finished with it',
  stored: 'when a sink has stored it',
  received: 'at once, whatever becomes of it'
} as const satisfies ChoiceField['choices']

/** The modes that wait: only these retry and time out. */
export const WAITS = ['finished', 'stored'] as const

export const retries = {
  kind: 'number',
  label: 'Retries',
  default: 5,
  min: 0,
  max: 1000,
  integer: true,
  section: 'advanced',
  help: 'How often a batch that the flow failed to deal with is sent again, with growing pauses, before it leaves by the second output.'
} as const satisfies NumberField

export const timeoutS = {
  kind: 'number',
  label: 'Timeout',
  default: 60,
  min: 1,
  max: 86_400,
  unit: 's',
  section: 'advanced',
  help: 'A batch that the flow has not finished with after this long counts as failed. Sinks that wait for their service ask for more time.'
} as const satisfies NumberField
