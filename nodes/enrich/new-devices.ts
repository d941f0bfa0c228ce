import { compact } from '../../core/node/status.ts'
import type { Known } from './answer.ts'

/** A sender of made-up names must not fill the memory: beyond this they are not told apart. */
const MAX_DEVICES = 1000
/** So many stand in a line of the log. */
const LISTED = 20
const MAX_CHARACTERS = 80
/** Nothing is said so soon after the last line: devices that appear together stand in one. */
const SILENT_MS = 60_000

/**
 * Devices whose records pass though nobody has named them: counted, and listed in the log, each
 * once.
 */
export class NewDevices {
  readonly #names = new Set<string>()
  #untold: string[] = []
  #untoldCount = 0
  #silence: NodeJS.Timeout | undefined

  constructor(
    private readonly options: {
      say(sentence: string): void
      /** How many there are now. */
      count(devices: number): void
      readonly silentMs?: number
    }
  ) {}

  /** Told of each record's device, and of what is known of it. */
  see(key: string, known: Known): void {
    if (known === null) this.#add(key)
    else if (this.#names.size > 0 && this.#names.delete(key.slice(0, MAX_CHARACTERS)))
      this.options.count(this.#names.size)
  }

  /** For the status; undefined where there is none. */
  get text(): string | undefined {
    const { size } = this.#names
    if (size === 0) return undefined
    return `${compact(size)}${size === MAX_DEVICES ? '+' : ''} new device${size === 1 ? '' : 's'}`
  }

  close(): void {
    clearTimeout(this.#silence)
    this.#tell()
  }

  #add(key: string): void {
    const name = key.slice(0, MAX_CHARACTERS)
    if (this.#names.has(name) || this.#names.size === MAX_DEVICES) return
    this.#names.add(name)
    this.options.count(this.#names.size)
    this.#untoldCount++
    if (this.#untold.length < LISTED) this.#untold.push(name)
    // after this batch, so that those of one batch stand in one line
    this.#silence ??= setTimeout(() => this.#tellAndRest(), 0).unref()
  }

  #tellAndRest(): void {
    this.#tell()
    this.#silence = setTimeout(() => {
      this.#silence = undefined
      if (this.#untoldCount > 0) this.#tellAndRest()
    }, this.options.silentMs ?? SILENT_MS).unref()
  }

  #tell(): void {
    if (this.#untoldCount === 0) return
    const more = this.#untoldCount - this.#untold.length
    const names = `${this.#untold.map(name => JSON.stringify(name)).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    const [what, whose] = this.#untoldCount === 1 ? ['New device', 'it'] : ['New devices', 'them']
    this.#untold = []
    this.#untoldCount = 0
    this.options.say(
      `${what}: ${names}. The source of metadata does not know ${whose}; the records pass all the same.`
    )
  }
}
