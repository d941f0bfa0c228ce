import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/**
 * The old generation is collected when it has grown by this part, which V8 would let grow to four
 * times what is alive. A collection costs some 100 ms of CPU: in a rush V8 decides by itself, as it
 * does at 0.
 */
const GROWTH_PERCENT = 80
const OWN_DECISION = 0
/** Who needs more of a core than this is in a rush. */
const RUSH_SHARE = 0.5
/**
 * Both halves of the young generation. Node 20 stops here by itself, Node 24 goes on to 128 MB, for
 * which messages that live for a tenth of a second have no use.
 */
const YOUNG_BYTES = 32 * 1024 * 1024
const LOOK_MS = 5_000
/** Who needs less of a core than this waits for messages. */
const CALM_SHARE = 0.05

/** Whoever has set one of these has decided. */
const DECIDED = /semi[-_]space|heap[-_]growing|optimize[-_]for[-_]size/

/** What the settings are made to. */
export interface HeapEngine {
  set(flag: string): void
  youngBytes(): number
}

const V8: HeapEngine = {
  set: setFlagsFromString,
  youngBytes: () =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}

/**
 * Settings of V8 that may change while it runs: it reads each anew whenever it collects. They hold
 * for the whole process.
 */
export class HeapSettings {
  #isFull = false
  #isTooLarge = false
  #isCalm = false
  #gives = false
  #percent = OWN_DECISION
  #cpuMs = 0

  constructor(private readonly engine: HeapEngine) {}

  /** Something was collected, after which V8 may have made the young generation larger. */
  collected(): void {
    const youngBytes = this.engine.youngBytes()
    const isFull = youngBytes >= YOUNG_BYTES
    if (isFull !== this.#isFull) this.engine.set(`--semi-space-growth-factor=${isFull ? 1 : 2}`)
    this.#isFull = isFull
    this.#isTooLarge = youngBytes > YOUNG_BYTES
    this.#giveBack()
  }

  /** @param cpuMs CPU time of the process until now */
  look(cpuMs: number, elapsedMs: number): void {
    const share = (cpuMs - this.#cpuMs) / elapsedMs
    this.#cpuMs = cpuMs
    this.#isCalm = share < CALM_SHARE
    this.#giveBack()
    this.#growBy(share > RUSH_SHARE ? OWN_DECISION : GROWTH_PERCENT)
  }

  #growBy(percent: number): void {
    if (percent === this.#percent) return
    this.#percent = percent
    this.engine.set(`--heap-growing-percent=${percent}`)
  }

  /**
   * In calm V8 gives back what the last rush, or the start, has taken; left alone it waits for a
   * collection, which in calm does not come.
   */
  #giveBack(): void {
    const gives = this.#isCalm || this.#isTooLarge
    if (gives === this.#gives) return
    this.#gives = gives
    this.engine.set(gives ? '--optimize-for-size' : '--no-optimize-for-size')
  }
}

let isKept = false

/** Keeps the memory of the process small, from the first node on that runs. */
export function keepHeapSmall(): void {
  if (isKept) return
  isKept = true
  if (DECIDED.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`)) return
  const settings = new HeapSettings(V8)
  new PerformanceObserver(() => settings.collected()).observe({ entryTypes: ['gc'] })
  let lookedMs = performance.now()
  setInterval(() => {
    const nowMs = performance.now()
    const { user, system } = process.cpuUsage()
    settings.look((user + system) / 1000, nowMs - lookedMs)
    lookedMs = nowMs
  }, LOOK_MS).unref()
}
