import { DateTime, Info } from 'luxon'
import type { Reason } from '../../core/record/record.ts'

/**
 * A form that a person has written down, such as `dd.MM.yyyy HH:mm:ss`, and the language of its
 * names.
 */
export interface PatternForm {
  readonly pattern: string
  /** Of the names of months and days, and of the words for morning and afternoon: `en`, `de`. */
  readonly language: string
}

/** A time by a pattern: of UTC where the text says its zone, else as if the local time were UTC. */
export interface PatternTime {
  readonly ms: number
  /** 0 to 999,999. */
  readonly extraNs: number
  /** It is second 60: `ms` is the second before. */
  readonly isLeap: boolean
  readonly isLocal: boolean
  readonly pattern: string
}

/** Undefined if the text is of none of the forms. */
export type ReadForms = (text: string) => PatternTime | Reason | undefined

/**
 * The function for these forms; undefined if there are none. Days and months stand where the form
 * says, never by a guess.
 */
export function formsReader(forms: readonly PatternForm[]): ReadForms | undefined {
  if (forms.length === 0) return undefined
  const readers = forms.map(readerOf)
  return text => {
    let found: PatternTime | undefined
    for (const read of readers) {
      const time = read(text)
      if (time === undefined) continue
      if (found !== undefined && !isSame(found, time)) return ambiguous(text, found, time)
      found ??= time
    }
    return found
  }
}

const isSame = (one: PatternTime, other: PatternTime) =>
  one.ms === other.ms && one.extraNs === other.extraNs && one.isLeap === other.isLeap

/** Spaces that do not break, as `toLocaleString` writes them before AM. */
const FIXED_SPACES = /[\u00a0\u2009\u202f]/g
/** Behind letters: whether a short name has a point differs from one list of names to the next. */
const POINTS = /(?<=\p{L})\./gu
const HAS_NAMES = /LLL|MMM|EEE|ccc|a/

/** Short names that none of the usual lists has, and programs write all the same. */
const commonlyNamed = (text: string, language: string) =>
  language.startsWith('de') ? text.replace(/\bMrz\b/i, 'März') : text

/** Short names are found as any of the usual lists has them: März and Mär, Sep and Sept. */
function readerOf(form: PatternForm): (text: string) => PatternTime | undefined {
  const readers = spellings(form).map(each => readerAsWritten(each, form.pattern))
  if (!HAS_NAMES.test(form.pattern)) return readers[0]!
  return written => {
    const text = commonlyNamed(written.replace(FIXED_SPACES, ' '), form.language)
    const [first, ...others] = readers
    const found = first!(text)
    if (found !== undefined) return found
    const bare = text.replace(POINTS, '')
    for (const read of [
      ...others,
      ...(bare === text ? [] : readers.map(each => () => each(bare)))
    ]) {
      const time = read(text)
      if (time !== undefined) return time
    }
    return undefined
  }
}

function spellings({ pattern, language }: PatternForm): PatternForm[] {
  const plain = pattern.replace(FIXED_SPACES, ' ')
  const other = plain.replace(UNQUOTED, letters =>
    letters.replace(/(?<!M)MMM(?!M)|(?<!L)LLL(?!L)/g, name => (name === 'MMM' ? 'LLL' : 'MMM'))
  )
  const languages = language === 'en' ? ['en', 'en-GB'] : [language]
  const patterns = other === plain ? [plain] : [plain, other]
  return patterns.flatMap(each => languages.map(name => ({ pattern: each, language: name })))
}

function readerAsWritten(
  { pattern: form, language }: PatternForm,
  written: string
): (text: string) => PatternTime | undefined {
  // More than three places have one letter in the library, however many they are.
  const pattern = form.replace(UNQUOTED, letters => letters.replace(/S{4,}/g, 'u'))
  const options = { locale: language, zone: 'utc', setZone: true }
  const parser = DateTime.buildFormatParser(pattern, options)
  const tokens = pattern.replace(/'[^']*'/g, '')
  const isLocal = !/[Zz]/.test(tokens)
  const isOfTwelve = tokens.includes('h') ? twelveHours(pattern, options) : () => true
  const extraOf = tokens.includes('u') ? finerThanMs(parser) : () => 0
  // The library knows no second 60, so it is looked for as a word.
  const leap = /s/.test(tokens)
    ? DateTime.buildFormatParser(
        pattern.replace(UNQUOTED, letters => letters.replace(/s+/g, "'60'")),
        options
      )
    : undefined
  return text => {
    const time = DateTime.fromFormatParser(text, parser, options)
    const isLeap = !time.isValid && leap !== undefined && text.includes('60')
    const read = isLeap ? DateTime.fromFormatParser(text, leap, options) : time
    if (!read.isValid || !isOfTwelve(isLeap ? text.replace('60', '59') : text)) return undefined
    const ms = read.toMillis() + (isLeap ? 59_000 : 0)
    return { ms, extraNs: extraOf(text), isLeap, isLocal, pattern: written }
  }
}

/** The nanoseconds beyond the millisecond, which the library cuts. */
function finerThanMs(parser: ReturnType<typeof DateTime.buildFormatParser>) {
  type Explained = { readonly matches?: { readonly u?: string } | null }
  const { explainFromTokens } = parser as unknown as {
    explainFromTokens(text: string): Explained
  }
  return (text: string) => {
    const { u = '' } = explainFromTokens.call(parser, text).matches ?? {}
    return Number(u.padEnd(9, '0').slice(3, 9))
  }
}

/**
 * The library takes 13 PM for 13 o'clock and 00 AM for midnight, so the hour is read as it is
 * written too: 1 to 12.
 */
function twelveHours(pattern: string, options: { locale: string }): (text: string) => boolean {
  const parsers = Info.meridiems(options).map(word => {
    const written = pattern.replace(UNQUOTED, letters =>
      letters.replaceAll('h', 'H').replace(/a+/, `'${word}'`)
    )
    return DateTime.buildFormatParser(written, options)
  })
  return text => {
    const read = parsers
      .map(parser => DateTime.fromFormatParser(text, parser, options))
      .find(time => time.isValid)
    return read !== undefined && read.hour >= 1 && read.hour <= 12
  }
}

/** Quoted words stay as they are. */
const UNQUOTED = /[^']+(?=(?:[^']*'[^']*')*[^']*$)/g

function ambiguous(text: string, one: PatternTime, other: PatternTime): Reason {
  const message = `The time ${JSON.stringify(text)} is another one by ${one.pattern} than by ${other.pattern}: leave one of them out.`
  return { code: 'TS_AMBIGUOUS_FORM', message }
}
