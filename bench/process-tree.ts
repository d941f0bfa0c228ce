/**
 * What a process and all its descendants cost, by /proc: the same figure for every contestant,
 * whatever it is written in.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  readonly atMs: number
  /** User and system time since the root began, its ended children included. */
  readonly cpuMicros: number
  readonly rssBytes: number
}

/**
 * USER_HZ and the page size are 100 and 4096 on every Linux that Node supports on x64 and arm64
 * (arm64 with 64 kB pages aside).
 */
const MICROS_PER_TICK = 10_000
const PAGE_BYTES = 4_096

export function usageOf(rootPid: number): Usage {
  let cpuMicros = 0
  let rssBytes = 0
  for (const pid of treeOf(rootPid)) {
    const stat = readOrEmpty(`/proc/${pid}/stat`)
    if (stat === '') continue
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // fields 14 to 17 of proc(5): utime, stime, cutime, cstime; 24: rss in pages. The first here is
    // field 3.
    for (const field of [11, 12, 13, 14]) cpuMicros += Number(fields[field]) * MICROS_PER_TICK
    rssBytes += Number(fields[21]) * PAGE_BYTES
  }
  return { atMs: Date.now(), cpuMicros, rssBytes }
}

/** The process and its living descendants, root first. */
export function treeOf(rootPid: number): number[] {
  const found = [rootPid]
  for (let index = 0; index < found.length; index++) {
    for (const thread of threadsOf(found[index]!)) {
      const children = readOrEmpty(`/proc/${found[index]}/task/${thread}/children`).trim()
      if (children !== '') found.push(...children.split(' ').map(Number))
    }
  }
  return found
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const SAMPLE_MS = 50

/** Follows a process while it runs, so that its cost in a window can be told afterwards. */
export class UsageTimeline {
  private readonly samples: Usage[] = []
  private readonly timer: NodeJS.Timeout

  constructor(private readonly rootPids: readonly number[]) {
    this.sample()
    this.timer = setInterval(() => this.sample(), SAMPLE_MS)
  }

  /** CPU time between two moments, interpolated between samples. */
  cpuMicros(fromMs: number, toMs: number): number {
    return cpuAt(this.samples, toMs) - cpuAt(this.samples, fromMs)
  }

  get peakRssBytes(): number {
    return this.samples.reduce((peak, { rssBytes }) => Math.max(peak, rssBytes), 0)
  }

  get last(): Usage {
    return this.samples.at(-1)!
  }

  stop(): void {
    this.sample()
    clearInterval(this.timer)
  }

  private sample(): void {
    const usages = this.rootPids.map(usageOf)
    const sum = (key: 'cpuMicros' | 'rssBytes') =>
      usages.reduce((total, usage) => total + usage[key], 0)
    // a process that has just ended must not take its cost back
    const cpuMicros = Math.max(sum('cpuMicros'), this.samples.at(-1)?.cpuMicros ?? 0)
    this.samples.push({ atMs: Date.now(), cpuMicros, rssBytes: sum('rssBytes') })
  }
}

export function cpuAt(samples: readonly Usage[], atMs: number): number {
  const after = samples.findIndex(sample => sample.atMs >= atMs)
  if (after === -1) return samples.at(-1)?.cpuMicros ?? 0
  if (after === 0) return samples[0]!.cpuMicros
  const [low, high] = [samples[after - 1]!, samples[after]!]
  const part = (atMs - low.atMs) / (high.atMs - low.atMs)
  return low.cpuMicros + part * (high.cpuMicros - low.cpuMicros)
}
