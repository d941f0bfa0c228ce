import { type BodyMemory, Share } from '@millrace/node-red-telemetry'
import { busy, CODES, type CoapAnswer, tooLarge } from '../../core/answer.ts'
import { type Block, blockOption, type CoapRequest } from '../../core/request.ts'

/** RFC 7959, 2.5: a body of which no piece has come for so long is forgotten. */
const KEEP_MS = 247_000
/** Bodies that are not whole; where there are more, that which has waited longest is forgotten. */
const MAX_OPEN = 1_000

export interface UploadsOptions {
  readonly maxBodyBytes: number
  /** For bodies that are not whole. */
  readonly memory: BodyMemory
  /** Milliseconds, of a clock that is never set. */
  now(): number
}

/** A body that has come whole, with the memory that it takes. */
export interface WholeBody {
  readonly body: Buffer
  readonly share: Share
}

export const isWhole = (result: WholeBody | CoapAnswer): result is WholeBody => 'body' in result

/** Bodies that come in pieces, RFC 7959, 2.5: each piece behind the one before it. */
export class Uploads {
  /** That of which a piece came last is the last. */
  readonly #open = new Map<string, Upload>()
  /** Which one a sender has begun last, at a path. */
  readonly #latest = new Map<string, string>()

  constructor(private readonly options: UploadsOptions) {}

  /** Bodies that are not whole. */
  get open(): number {
    return this.#open.size
  }

  /** The whole body, with its last piece; before that the answer to this one. */
  take(request: CoapRequest, block: Block): WholeBody | CoapAnswer {
    const { maxBodyBytes } = this.options
    const key = this.#keyOf(request, block)
    this.#tidy()
    const { size = 0, payload } = request
    const end = block.number * block.size + payload.length
    if (Math.max(size, end) > maxBodyBytes) return this.#refuse(key, tooLarge(maxBodyBytes))
    if (block.more ? payload.length !== block.size : payload.length > block.size)
      return this.#refuse(key, BAD_SIZE)
    const upload = block.number === 0 ? this.#begin(key, request) : this.#open.get(key)
    if (upload === undefined || upload.bytes !== block.number * block.size)
      return { ...INCOMPLETE, options: [blockOption(block)] }
    if (!upload.add(payload, () => this.#forgetOldest(key))) return this.#refuse(key, NO_MEMORY)
    if (!block.more) {
      this.#leave(key)
      return { body: upload.whole, share: upload.share }
    }
    this.#open.delete(key)
    upload.lastMs = this.options.now()
    this.#open.set(key, upload)
    return { code: CODES.continues, options: [blockOption(block)] }
  }

  end(): void {
    for (const key of [...this.#open.keys()]) this.#forget(key)
  }

  /**
   * Pieces of one body mostly have one token, by which bodies are told apart that come at a time.
   * They need not (RFC 7959, 3.4): one with another token is of the body that was begun last.
   */
  #keyOf(request: CoapRequest, { number }: Block): string {
    const place = placeOf(request)
    const key = `${place}\n${request.token}`
    return number === 0 || this.#open.has(key) ? key : (this.#latest.get(place) ?? key)
  }

  /** One that begins anew takes the place of what was there. */
  #begin(key: string, request: CoapRequest): Upload {
    this.#forget(key)
    if (this.#open.size >= MAX_OPEN) this.#forgetOldest(key)
    const place = placeOf(request)
    const upload = new Upload(new Share(this.options.memory), this.options.now(), place)
    // What is refused before it is kept leaves nothing behind.
    this.#open.set(key, upload)
    this.#latest.set(place, key)
    return upload
  }

  #refuse(key: string, answer: CoapAnswer): CoapAnswer {
    this.#forget(key)
    return answer
  }

  #forget(key: string): void {
    this.#open.get(key)?.share.give()
    this.#leave(key)
  }

  #leave(key: string): void {
    const { place } = this.#open.get(key) ?? {}
    this.#open.delete(key)
    if (place !== undefined && this.#latest.get(place) === key) this.#latest.delete(place)
  }

  /** False where there is none but this one. */
  #forgetOldest(own: string): boolean {
    for (const key of this.#open.keys()) {
      if (key === own) continue
      this.#forget(key)
      return true
    }
    return false
  }

  #tidy(): void {
    const oldMs = this.options.now() - KEEP_MS
    for (const [key, { lastMs }] of this.#open) {
      if (lastMs >= oldMs) return
      this.#forget(key)
    }
  }
}

/** What has come of a body, in order. */
class Upload {
  #buffer = Buffer.alloc(0)
  bytes = 0

  constructor(
    readonly share: Share,
    public lastMs: number,
    /** From whom, and where to. */
    readonly place: string
  ) {}

  get whole(): Buffer {
    return this.#buffer.subarray(0, this.bytes)
  }

  /**
   * @param makeRoom takes memory from another; false where no other has any
   * @returns false where there is no memory
   */
  add(piece: Buffer, makeRoom: () => boolean): boolean {
    const needed = this.bytes + piece.length
    if (needed > this.#buffer.length) {
      const length = Math.max(needed, 2 * this.#buffer.length)
      while (!this.share.grow(length)) if (!makeRoom()) return false
      const larger = Buffer.alloc(length)
      this.#buffer.copy(larger, 0, 0, this.bytes)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.bytes)
    this.bytes = needed
    return true
  }
}

/** A sender may send several bodies to one path at a time where it tells them apart by a tag. */
const placeOf = ({ peer, code, path, query, tag }: CoapRequest) =>
  [peer, code, path, tag, ...query].join('\n')

const BAD_SIZE = { code: CODES.badRequest, text: 'The block is not of the size that it says.' }
const INCOMPLETE = {
  code: CODES.incomplete,
  text: 'The block before this one has not come, or was forgotten: begin with the first.'
}
const NO_MEMORY = busy('There is no memory for more at the moment.')
