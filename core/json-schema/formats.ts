import { isIPv4 } from 'node:net'
import type { Ajv, Format } from 'ajv'
import { loadModule } from '../load-module.ts'
import { compilePattern, isPattern, type Pattern } from '../pattern/pattern.ts'
import { meter } from './cost.ts'
import { isDate, isDateTime, isDuration, isIsoDateTime, isIsoTime, isTime } from './date-time.ts'
import { isHostname } from './hostname.ts'
import { isAddress6, isEmail, isUri, isUriReference } from './uri.ts'

/** RFC 6570, section 2: literals, and expressions of variables. */
const VARIABLE =
  '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9]\\d{0,3}|\\*)?'
const LITERAL = '[^\\x00-\\x20\\x7f"<>%\\\\^`{|}]|%[0-9A-Fa-f]{2}'

/**
 * What takes more than a few steps a character says so by itself; the others are made of `RegExp`s
 * that try one way only.
 */
const OWN: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': isDateTime,
  'iso-time': isIsoTime,
  'iso-date-time': isIsoDateTime,
  duration: isDuration,
  email: isEmail,
  hostname: isHostname,
  ipv4: text => text.length <= 15 && isIPv4(text),
  ipv6: isAddress6,
  uri: isUri,
  'uri-reference': isUriReference,
  'uri-template': matching(`^(?:${LITERAL}|\\{[+#./;?&=,!@|]?${VARIABLE}(?:,${VARIABLE})*\\})*$`),
  uuid: matching('^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$'),
  regex: text => {
    meter.charge(text.length * STEPS_TO_COMPILE)
    return isPattern(text)
  },
  byte: matching('^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$')
}

/** An expression is compiled when the first text comes. */
function matching(source: string, flags = 'u'): (text: string) => boolean {
  let pattern: Pattern | undefined
  return text => {
    pattern ??= compilePattern(source, meter, flags)
    return pattern.test(text)
  }
}

/** What a short text costs; a text of 1 MB costs an eighth of what a record may. */
const STEPS_A_TEXT = 12
/** What a character of an expression costs. */
const STEPS_TO_COMPILE = 20

function metered(test: (text: string) => boolean): (text: string) => boolean {
  return text => {
    meter.charge(STEPS_A_TEXT + (text.length >> 1))
    return test(text)
  }
}

function bounded(format: Format): Format {
  if (format instanceof RegExp) return matching(format.source, format.flags.replace(/[gm]/g, ''))
  return format
}

let known: ReadonlyMap<string, Format> | undefined

/** The formats by name: ours, and those of ajv-formats with its expressions run in linear time. */
function formats(): ReadonlyMap<string, Format> {
  if (known) return known
  const { fullFormats } = loadModule<typeof import('ajv-formats/dist/formats')>(
    'ajv-formats/dist/formats'
  )
  const all = new Map<string, Format>()
  for (const [name, format] of Object.entries(fullFormats)) all.set(name, bounded(format as Format))
  for (const [name, test] of Object.entries(OWN)) all.set(name, metered(test))
  known = all
  return known
}

export function addFormats(ajv: Ajv): void {
  for (const [name, format] of formats()) ajv.addFormat(name, format)
}

export const isFormat = (name: string): boolean => formats().has(name)
