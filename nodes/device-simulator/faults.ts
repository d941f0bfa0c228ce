/** What may be wrong with a reading. */
export const FAULTS = [
  'malformed',
  'invalid',
  'duplicate',
  'late',
  'skew',
  'seconds',
  'zoneless'
] as const
export type Fault = (typeof FAULTS)[number]
