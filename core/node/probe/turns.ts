/** So that no page of a browser makes Node-RED open connections without end. */
const MOST_AT_ONCE = 8

let running = 0

/** False where too many probes run already; else `leave` must follow. */
export function enter(): boolean {
  if (running >= MOST_AT_ONCE) return false
  running++
  return true
}

export function leave(): void {
  running--
}
