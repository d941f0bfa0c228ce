/**
 * Loaded into Node-RED's process with --import: notes in a file how long its event loop stood still, and its memory.
 * What the thread waited for a processor is not counted, so that a busy machine does not look like a frozen flow.
 */
import { appendFileSync, readFileSync } from 'node:fs'

const EVERY_MS = 20
const WORTH_NOTING_MS = 40
const file = process.env.MILLRACE_EVENT_LOOP

/** How long the main thread was ready to run but did not, by Linux; elsewhere 0. */
function waitedMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

const note = entry => appendFileSync(file, `${JSON.stringify({ atMs: Date.now(), ...entry })}\n`)

let lastMs = performance.now()
let lastWaitedMs = waitedMs()
let beats = 0

function beat() {
  const [nowMs, nowWaitedMs] = [performance.now(), waitedMs()]
  const blockedMs = nowMs - lastMs - EVERY_MS - (nowWaitedMs - lastWaitedMs)
  if (blockedMs > WORTH_NOTING_MS) note({ blockedMs: Math.round(blockedMs) })
  if (++beats % (1000 / EVERY_MS) === 0) {
    const { rss, heapUsed, external } = process.memoryUsage()
    note({ rss, heapUsed, external })
  }
  lastMs = performance.now()
  lastWaitedMs = waitedMs()
}

if (file) setInterval(beat, EVERY_MS).unref()
