/**
 * One line that tells where a long run is: overwritten on a terminal, written now and then
 * elsewhere.
 */
const EVERY_MS = 10_000

export class Progress {
  private readonly startedMs = performance.now()
  private writtenMs = 0
  private shown = false

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** What is being done now, e.g. `B millrace 120,000 of 500,000`. */
  show(text: string): void {
    const line = `[${this.elapsed()}] ${text}`
    if (this.stream.isTTY) {
      this.stream.write(`\r\u001b[K${line.slice(0, this.stream.columns - 1)}`)
      this.shown = true
    } else if (performance.now() - this.writtenMs > EVERY_MS) {
      this.stream.write(`${line}\n`)
      this.writtenMs = performance.now()
    }
  }

  /** A line that stays. */
  print(text: string): void {
    if (this.shown) this.stream.write('\r\u001b[K')
    this.shown = false
    console.log(text)
  }

  private elapsed(): string {
    const seconds = Math.round((performance.now() - this.startedMs) / 1000)
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }
}
