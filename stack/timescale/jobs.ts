/**
 * TimescaleDB's policies (compression, retention, refresh) are jobs of a background worker, which
 * the embedded database does not have. This runs the due ones with run_job.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

export type Job = {
  job_id: number
  proc_name: string
  interval_seconds: number
  retry_seconds: number
}

/** When a job last ran, in epoch milliseconds, and whether it failed then. */
export type LastRun = { at: number; failed: boolean }

export const dueJobsSql = `SELECT job_id, proc_name, extract(epoch FROM schedule_interval)::float8 AS interval_seconds,
  extract(epoch FROM retry_period)::float8 AS retry_seconds
  FROM timescaledb_information.jobs WHERE scheduled AND job_id >= 1000 ORDER BY job_id`

/** The jobs whose time has come. A new one is due at once, as with TimescaleDB's own scheduler. */
export function dueJobs(jobs: Job[], lastRuns: ReadonlyMap<number, LastRun>, now: number): Job[] {
  return jobs.filter(job => {
    const last = lastRuns.get(job.job_id)
    if (!last) return true
    const seconds = last.failed
      ? Math.min(job.retry_seconds, job.interval_seconds)
      : job.interval_seconds
    return now - last.at >= seconds * 1000
  })
}

type JobRunner = {
  query: (sql: string) => Promise<Job[]>
  execute: (sql: string) => Promise<void>
  /** Where the last runs are kept over a restart. */
  file: string
  log: (line: string) => void
}

function readLastRuns(file: string): Map<number, LastRun> {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [number, LastRun][])
  } catch {
    // no file yet; or half a file after a power loss, and then the jobs run once more, which harms
    // nothing
    return new Map()
  }
}

/**
 * Looks for due jobs every `everyMs` and runs them one after the other. Returns the function that
 * ends this.
 */
export function runJobs({ query, execute, file, log }: JobRunner, everyMs: number): () => void {
  const lastRuns = readLastRuns(file)
  let stopped = false
  let timer = setTimeout(look, everyMs)

  async function runJob(job: Job): Promise<void> {
    const at = Date.now()
    try {
      await execute(`CALL run_job(${job.job_id})`)
      lastRuns.set(job.job_id, { at, failed: false })
    } catch (error) {
      lastRuns.set(job.job_id, { at, failed: true })
      log(`job ${job.job_id} (${job.proc_name}) failed: ${(error as Error).message}`)
    }
    writeFileSync(`${file}.half`, JSON.stringify([...lastRuns]))
    renameSync(`${file}.half`, file)
  }

  async function look(): Promise<void> {
    try {
      for (const job of dueJobs(await query(dueJobsSql), lastRuns, Date.now())) {
        if (!stopped) await runJob(job)
      }
    } catch (error) {
      log(`jobs could not be read: ${(error as Error).message}`)
    }
    if (!stopped) timer = setTimeout(look, everyMs)
  }

  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
