/** What happens to Node-RED and to the services that all tests share. */
import { setTimeout as wait } from 'node:timers/promises'
import { forgetMembers } from '../kafka-groups.ts'
import { kill, restart, stop } from '../services.ts'
import type { Crash, UnderWay } from './crash.ts'

const AWAY_MS = 1_500
const LONG = process.env.MILLRACE_CRASH === 'long'

/** Resolves when it is back. */
export async function serviceFault({ target, how }: Crash, at: UnderWay): Promise<void> {
  const isKill = how === 'kill -9'
  if (target !== 'node-red') {
    await (isKill ? kill(target) : stop(target))
    await wait(AWAY_MS)
    await restart(target)
    return
  }
  const { nodeRed, brokers, groups } = at
  await nodeRed.end(isKill ? 'SIGKILL' : 'SIGTERM')
  await wait(AWAY_MS)
  // The long form waits until the brokers give the members up by themselves.
  if (isKill && !LONG) for (const group of groups) await forgetMembers(brokers, group)
  await nodeRed.start()
}
