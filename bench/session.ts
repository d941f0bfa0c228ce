/**
 * What every program of the benchmark does around its work: services, a line of progress, an end in
 * order.
 */
import { type Contestant, killAll, readContestants } from './contestant.ts'
import { type Field, openField } from './field.ts'
import { usualShape } from './fleet.ts'
import type { Setting } from './lanes/lane.ts'
import { clearPrepared } from './lanes/prepared.ts'
import { Progress } from './progress.ts'

export interface Session {
  readonly field: Field
  readonly progress: Progress
  /** The usual setting; a program changes in it what it is about. */
  readonly setting: Setting
}

export interface SessionOptions {
  readonly keepServices?: boolean
  readonly mosquitto?: boolean
  readonly node?: string
}

export async function inSession<T>(
  options: SessionOptions,
  work: (session: Session) => Promise<T>
): Promise<T> {
  const progress = new Progress()
  const field = await openField({ ...options, onProgress: line => progress.print(line) })
  const setting: Setting = {
    field,
    shape: usualShape,
    partitions: 4,
    records: { A: 200_000, B: 500_000, C: 500_000, W: 500_000, http: 500_000, influx: 500_000 },
    rates: [1_000, 5_000, 10_000],
    rateSeconds: 15,
    leadSeconds: 0,
    warmUp: { perSecond: 2_000, seconds: 8 },
    publishers: 2,
    copies: 1,
    nodeFlags: [],
    onProgress: () => {},
    ...(options.node ? { node: options.node } : {})
  }
  const interrupted = () => {
    progress.print('stopping')
    killAll()
      .then(() => field.close())
      .finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    return await work({ field, progress, setting })
  } finally {
    await clearPrepared(field)
    await field.close()
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted)
  }
}

/** @throws Error where there is no contestant of this name */
export function contestantOf(name: string): Contestant {
  const all = readContestants()
  const found = all.find(contestant => contestant.name === name)
  if (!found)
    throw new Error(
      `There is no contestant "${name}"; there are ${all.map(contestant => contestant.name).join(', ')}.`
    )
  found.install()
  return found
}

/**
 * Runs the main function of a program and turns what it throws into a sentence and an exit code.
 */
export async function program(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
}
