import type { EncodedLetter } from '../../core/dead-letter/encode.ts'
import type { PublishProperties } from '../../core/mqtt/link.ts'
import { PUBLISHED_BY } from '../../core/mqtt/published-by.ts'
import type { Options } from '../../core/node/spec.ts'
import {
  isTooLong,
  MAX_TEXT_BYTES,
  MAX_UTF8_BYTES,
  mqttTextProblems,
  withoutRisky
} from '../../core/record/mqtt-text.ts'
import { namedTexts, Unpublishable } from '../../core/record/payload.ts'
import { lastHeader, provenanceOf } from '../../core/record/record.ts'
import { traceOf } from '../../core/record/trace.ts'
import { fittingWay, VIA } from '../../core/record/ways.ts'
import type { spec } from './spec.ts'

type PropertyOptions = Pick<Options<typeof spec>, 'expiryS' | 'contentType' | 'userProperties'>

/** What is told with each message, and what of its record. */
export class Properties {
  readonly #always: PublishProperties
  readonly #by: Readonly<Record<string, string>>
  readonly #textsOf: ReturnType<typeof namedTexts> | undefined
  #way: string | undefined
  #beside: PublishProperties

  /** @param by the server node, told with each message; undefined where there is no place for it */
  constructor(
    { expiryS, contentType, userProperties }: PropertyOptions,
    private readonly by: string | undefined
  ) {
    this.#by = by === undefined ? {} : { [PUBLISHED_BY]: by }
    this.#always = {
      ...(expiryS > 0 ? { messageExpiryInterval: expiryS } : {}),
      ...(contentType === '' ? {} : { contentType }),
      ...(by === undefined ? {} : { userProperties: this.#by })
    }
    this.#beside = this.#always
    if (userProperties.length > 0) this.#textsOf = namedTexts(userProperties)
  }

  /** @param hop the name of the source of a record that does not say where it came from */
  of(record: unknown, hop: string | undefined): PublishProperties | Unpublishable {
    const beside = this.#besideOf(record, hop)
    if (this.#textsOf === undefined) return beside
    const found: Record<string, string | string[]> = {}
    for (const [name, text] of this.#textsOf(record)) {
      const [problem] = mqttTextProblems(text)
      if (problem !== undefined) return unfit(name, problem)
      const before = Object.hasOwn(found, name) ? [found[name]!].flat() : []
      found[name] = before.length === 0 ? text : [...before, text]
    }
    return { ...beside, userProperties: { ...found, ...beside.userProperties } }
  }

  /** The same object for all records that came the same way, and are part of no trace. */
  #besideOf(record: unknown, hop: string | undefined): PublishProperties {
    if (this.by === undefined) return this.#always
    const taken = provenanceOf(record)?.taken
    const way = (taken && fittingWay(lastHeader(taken.headers, VIA)?.toString())) ?? hop
    if (way !== this.#way) {
      this.#way = way
      const via = way === undefined ? {} : { [VIA]: way }
      this.#beside = { ...this.#always, userProperties: { ...this.#by, ...via } }
    }
    const trace = taken && traceOf(taken.headers)
    if (trace === undefined) return this.#beside
    const { userProperties } = this.#beside
    return { ...this.#beside, userProperties: { ...userProperties, ...trace } }
  }

  /** A letter is never refused for what is told beside its bytes, which keep all of it. */
  ofLetter({ headers }: EncodedLetter): PublishProperties {
    const told = Object.entries(headers).flatMap(([name, given]) => {
      const texts = [given].flat().flatMap(one => (one === null ? [] : [fitting(String(one))]))
      return texts.length === 0 ? [] : [[fitting(name), texts.length === 1 ? texts[0]! : texts]]
    })
    return { ...this.#always, userProperties: { ...Object.fromEntries(told), ...this.#by } }
  }
}

/**
 * A server cuts off who sends such a text, and again when the message is sent again: nothing behind
 * it would ever be published.
 */
const unfit = (name: string, problem: string) =>
  new Unpublishable({
    code: 'MQTT_PROPERTY_INVALID',
    message: `The user property "${name}" ${problem}.`
  })

/** What MQTT takes of a text. */
function fitting(text: string): string {
  const written = withoutRisky(text)
  if (!isTooLong(written)) return written
  return written.slice(0, Math.floor(MAX_TEXT_BYTES / MAX_UTF8_BYTES))
}
