import { compact, STALLED_MS } from '../../core/node/status.ts'

/** What the node is like, for its status. */
export interface NodeStanding {
  /** Why the queue cannot be used; undefined while it can. */
  readonly trouble: string | undefined
  readonly isDiskFull: boolean
  readonly freeBytes: number
  /** There is no wire for what is sent on. */
  readonly isUnwired: boolean
  /** Sources wait for room. */
  readonly isBlocked: boolean
  /** Records that were left out, and wait for the second output. */
  readonly leaving: number
  readonly damaged: number
  readonly waiting: number
  readonly leftOut: number
  readonly perSecond: number
  /** Why what is on its way is sent again. */
  readonly retrying: string | undefined
  readonly stalledMs: number
}

export interface StatusSaid {
  readonly look: 'healthy' | 'waiting' | 'failed'
  readonly text: string
}

/** What stands below the node, the worst first. */
export function statusOf(now: NodeStanding): StatusSaid {
  const wait = `${compact(now.waiting)} wait`
  if (now.trouble !== undefined) return { look: 'failed', text: now.trouble }
  if (now.isDiskFull)
    return { look: 'failed', text: `disk full: ${compact(now.freeBytes / 1e6)} MB left` }
  if (now.damaged > 0) return { look: 'failed', text: `${compact(now.damaged)} damaged on disk` }
  if (now.isUnwired) return { look: 'waiting', text: `${wait} · no wire` }
  if (now.isBlocked) {
    const second = now.leaving > 0 ? ` · ${compact(now.leaving)} at output 2` : ''
    return { look: 'waiting', text: `full: ${wait}, sources too${second}` }
  }
  if (now.retrying !== undefined) return { look: 'waiting', text: `${wait} · ${now.retrying}` }
  if (now.stalledMs >= STALLED_MS)
    return {
      look: 'waiting',
      text: `${wait} · none gone for ${Math.round(now.stalledMs / 1000)} s`
    }
  return { look: 'healthy', text: healthy(now) }
}

function healthy({ waiting, leftOut, perSecond }: NodeStanding): string {
  const rate = `${compact(perSecond)}/s`
  if (leftOut > 0) return `${rate} · ${compact(leftOut)} left out`
  return waiting > perSecond ? `${rate} · ${compact(waiting)} wait` : rate
}
