/** A message that a dialog has heard before its node was deployed. */
export interface HeardShown {
  readonly seenMs: number
  readonly topic: string
  /** Base64. */
  readonly bytes: string
  /** Where it came from, as the runtime wrote it. */
  readonly taken?: unknown
}

/** Few, as for nodes that run: what a person has listened to is forgotten with the page. */
const MOST = 20
const MAX_CHARACTERS = 256_000

const known = new Map<string, readonly HeardShown[]>()

/** The newest first. */
export const heardBy = (id: string): readonly HeardShown[] => known.get(id) ?? []

export function hear(id: string, messages: readonly HeardShown[]): void {
  let left = MAX_CHARACTERS
  const kept = [...messages, ...heardBy(id)].slice(0, MOST).filter(({ bytes }) => {
    left -= bytes.length
    return left >= 0
  })
  known.set(id, kept)
}
