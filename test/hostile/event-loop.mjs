/**
 * Loaded into Node-RED's process with --import: notes in a file how long its event loop stood
 * still, and its memory. What counts is the time that the main thread computed in one turn, so that
 * a busy machine does not look like a frozen flow. Where it is asked for, garbage is collected now
 * and then: what is left is what the process holds, whatever else waits to be collected.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const EVERY_MS = 20
const WORTH_NOTING_MS = 40
const file = process.env.MILLRACE_EVENT_LOOP

/** The processor time of the main thread, as Linux tells it; elsewhere the time that has passed. */
function computedMs() {
  try {
    return (
      Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
    )
  } catch {
    return performance.now()
  }
}

const note = entry => appendFileSync(file, `${JSON.stringify({ atMs: Date.now(), ...entry })}\n`)

let lastMs = performance.now()
let lastComputedMs = computedMs()
let beats = 0

const collectEveryMs = Number(process.env.MILLRACE_COLLECT_EVERY_S ?? 0) * 1000
let collect = () => {}
if (collectEveryMs > 0) {
  setFlagsFromString('--expose-gc')
  collect = runInNewContext('gc')
}

function memory() {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heapUsed, external }
}

function beat() {
  const lateMs = performance.now() - lastMs - EVERY_MS
  const blockedMs = Math.min(lateMs, computedMs() - lastComputedMs)
  if (blockedMs > WORTH_NOTING_MS)
    note({ blockedMs: Math.round(blockedMs), lateMs: Math.round(lateMs) })
  if (++beats % (1000 / EVERY_MS) === 0) note(memory())
  if (collectEveryMs > 0 && beats % (collectEveryMs / EVERY_MS) === 0) {
    collect()
    note({ left: memory() })
  }
  lastMs = performance.now()
  lastComputedMs = computedMs()
}

if (file) setInterval(beat, EVERY_MS).unref()
