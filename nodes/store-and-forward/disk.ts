import { statfs } from 'node:fs/promises'

/**
 * So much stays free on the disk: the store needs some to open after a crash and to tidy up, and
 * a full disk would stop Node-RED and all else.
 */
const RESERVE_BYTES = 64 << 20
/** Of a small disk, this share. */
const RESERVE_SHARE = 0.1

/** Looks whether there is room on the disk of a folder. */
export class Disk {
  /** There is less room than has to stay free. */
  isFull = false
  freeBytes = Number.POSITIVE_INFINITY
  #isLooking = false

  /** The folder may be missing; the one above is there. */
  async look(folder: string): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const { bavail, bsize, blocks } = await statfs(folder)
      this.freeBytes = bavail * bsize
      this.isFull = this.freeBytes < Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE)
    } catch {
      // Where it cannot be asked, as on some network drives, the store says when it is full.
      this.isFull = false
    } finally {
      this.#isLooking = false
    }
  }
}
