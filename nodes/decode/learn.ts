import { formatFindings } from '../../core/learn/format-findings.ts'
import type { Learn } from '../../core/learn/learned.ts'

/** The format of the bytes, what they are packed with, and the list that holds the records. */
export const learn: Learn = async observed => ({
  findings: await formatFindings(observed, false),
  questions: []
})
