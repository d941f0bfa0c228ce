import assert from 'node:assert/strict'
import { dueJobs, type Job } from '../../../stack/timescale/jobs.ts'

const job: Job = {
  job_id: 1000,
  proc_name: 'policy_retention',
  interval_seconds: 3600,
  retry_seconds: 60
}
const now = 10_000_000

describe('policy jobs', () => {
  const cases = [
    { what: 'a new one', last: undefined, isDue: true },
    { what: 'one that ran an hour ago', last: { at: now - 3_600_000, failed: false }, isDue: true },
    { what: 'one that ran just now', last: { at: now - 1000, failed: false }, isDue: false },
    { what: 'one that failed a minute ago', last: { at: now - 60_000, failed: true }, isDue: true },
    { what: 'one that failed just now', last: { at: now - 1000, failed: true }, isDue: false }
  ]
  for (const { what, last, isDue } of cases) {
    it(`${what} is ${isDue ? '' : 'not '}due`, () => {
      assert.deepEqual(dueJobs([job], new Map(last ? [[1000, last]] : []), now), isDue ? [job] : [])
    })
  }
})
