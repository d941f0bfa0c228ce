import { reasonOf } from '../errors.ts'
import { everySecond } from '../every-second.ts'
import type { NodeMetrics } from './metrics.ts'
import { Rate } from './rate.ts'
import { compact, type Status } from './status.ts'

/**
 * Shows below a node how many records a second it deals with, and how many it rejected so far. Once
 * a second and not once a message, since a message of one record must not pay for it. While there
 * is a `problem` (short, no sentence), it shows that instead, in red where a person must mend it; a
 * `note` stands beside the rate, or alone where both are too long. Returns what stops it.
 */
export function showRate(
  status: Status,
  metrics: NodeMetrics,
  problem: () => string | { readonly mend: string } | undefined = () => undefined,
  note: () => string | undefined = () => undefined
): () => void {
  const rate = new Rate()
  rate.of(metrics.in)
  // What throws in a timer ends Node-RED.
  const noted = () => {
    try {
      return note()
    } catch (error) {
      return reasonOf(error)
    }
  }
  return everySecond(() => {
    const perSecond = rate.of(metrics.in)
    const wrong = problem()
    if (typeof wrong === 'object') status.failed(wrong.mend)
    else if (wrong !== undefined) status.waiting(wrong)
    else if (metrics.in > 0) status.healthy(rateText(perSecond, metrics, noted()))
  })
}

/** What an editor shows of a status without cutting it. */
const SHOWN_CHARACTERS = 30

/** The first of these texts that an editor shows whole, else the last. */
export const fitting = (texts: readonly string[]): string =>
  texts.find(text => text.length <= SHOWN_CHARACTERS) ?? texts.at(-1)!

/**
 * What a source says while all is well, its rate first, and what it rejected itself. `vital` is the
 * part of it that nothing takes the place of, such as the lag.
 */
export function sourceText(
  { refusedHere, leadingCode }: Pick<NodeMetrics, 'refusedHere' | 'leadingCode'>,
  working: string,
  vital?: string
): string {
  const texts = refusedTexts({ rejected: refusedHere, leadingCode })
  if (texts.length === 0) return working
  const beside = (state: string) => texts.map(text => `${state} · ${text}`)
  if (vital !== undefined) {
    const count = `${vital} · ${compact(refusedHere)} rejected`
    return fitting([...beside(working), ...beside(vital), count, vital])
  }
  const [rate = working] = working.split(' · ')
  return fitting([...beside(working), ...beside(rate), ...texts])
}

interface Refused {
  readonly rejected: number
  readonly leadingCode?: string | undefined
}

/**
 * How many records were rejected, with the code that leads, from the longest to the shortest: "3
 * rejected: JSON_INVALID", "3 JSON_INVALID". Empty where none was.
 */
export function refusedTexts({ rejected, leadingCode }: Refused): string[] {
  if (rejected === 0) return []
  const records = compact(rejected)
  return leadingCode === undefined
    ? [`${records} rejected`]
    : [`${records} rejected: ${leadingCode}`, `${records} ${leadingCode}`]
}

/**
 * "5.2k/s · 3 rejected: JSON_INVALID", and a note; as much of it as is shown, what was rejected
 * first.
 */
export function rateText(perSecond: number, refused: Refused, note?: string): string {
  const rate = `${compact(perSecond)}/s`
  const texts = refusedTexts(refused)
  const noted =
    note === undefined
      ? []
      : texts.length === 0
        ? [`${rate} · ${note}`]
        : texts.map(text => `${text} · ${note}`)
  if (texts.length === 0) return note === undefined ? rate : fitting([...noted, note])
  return fitting([...noted, ...texts.map(text => `${rate} · ${text}`), ...texts])
}
