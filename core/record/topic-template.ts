import { MillraceError } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import { isExactNumber } from './exact-decimal.ts'
import { isFieldPath } from './field-path.ts'
import { isRisky, isTooLong, MAX_TEXT_BYTES, riskyIn } from './mqtt-text.ts'

/**
 * A topic template, `{org}/{site}/{device_type}/{device_id}/{measurement}`: says which topics to
 * subscribe to, checks arriving topics and reads their fields, and makes the topic of a record.
 *
 * A level is text that must be the same, `{field}` (anything but empty), `{field:reading|alert}`
 * (one of these), `+` (anything, not kept), or `#` as the last (all further levels), so that every
 * MQTT topic filter is a template too.
 */
export interface TopicTemplate {
  readonly text: string
  /** The MQTT topic filter that takes every topic of the template; fields have become `+`. */
  readonly filter: string
  /** Names of the fields, in the order of the levels. */
  readonly fields: readonly string[]
  /** The fields of a topic, or undefined if it is not of this template. */
  match(topic: string): Record<string, string> | undefined
  /** True if the topic is of this template; builds nothing. */
  matches(topic: string): boolean
  /**
   * The topic of a record. @throws MillraceError TOPIC_FIELD_INVALID if a field cannot be a level
   * of a topic
   */
  fill(record: Readonly<Record<string, unknown>>): string
}

interface Level {
  readonly kind: 'literal' | 'field' | 'any' | 'rest'
  readonly text: string
  /** The values a field may have; any if absent. */
  readonly among?: ReadonlySet<string>
}

const FIELD = /^\{([A-Za-z_][A-Za-z0-9_]*)(?::([^{}]*))?\}$/

/** What is wrong with a template, in words; empty if nothing is. */
export function topicTemplateProblems(text: string): string[] {
  if (text === '') return ['must have at least one level']
  if (isTooLong(text)) return [`must be at most ${MAX_TEXT_BYTES} bytes long`]
  if (text.startsWith('$share/'))
    return ['must not begin with $share; a shared subscription has a setting of its own']
  const levels = text.split('/')
  const problems = levels.flatMap((level, index) =>
    levelProblems(level, index === levels.length - 1)
  )
  const names = levels.map(parseLevel).filter(level => level.kind === 'field')
  const twice = new Set(
    names.map(level => level.text).filter((name, index, all) => all.indexOf(name) !== index)
  )
  return [...problems, ...[...twice].map(name => `the field {${name}} stands in it twice`)]
}

/** @throws OptionsError that says what is wrong with the template */
export function compileTopicTemplate(text: string): TopicTemplate {
  const problems = topicTemplateProblems(text)
  if (problems.length > 0) throw new OptionsError(`Topic template "${text}"`, problems)
  return new Compiled(text)
}

function levelProblems(level: string, last: boolean): string[] {
  const risky = riskyIn(level)
  if (risky !== undefined) return [`a topic cannot have the character ${risky}`]
  if (level === '+') return []
  if (level === '#') return last ? [] : ['# must be the last level']
  const field = FIELD.exec(level)
  if (field) return fieldProblems(field[1]!, field[2])
  if (/[{}]/.test(level))
    return [`the level "${level}" must be text or one field such as {device_id}, not both`]
  return /[+#]/.test(level) ? [`the level "${level}" must be + or # alone, or have neither`] : []
}

function fieldProblems(name: string, list: string | undefined): string[] {
  if (!isFieldPath(name)) return [`{${name}} cannot be the name of a field`]
  const wrong = list?.split('|').find(value => !isLevel(value))
  return wrong === undefined ? [] : [`"${wrong}" cannot be a value of {${name}}`]
}

function parseLevel(level: string): Level {
  if (level === '+') return { kind: 'any', text: level }
  if (level === '#') return { kind: 'rest', text: level }
  const field = FIELD.exec(level)
  if (!field) return { kind: 'literal', text: level }
  const list = field[2]
  return list === undefined
    ? { kind: 'field', text: field[1]! }
    : { kind: 'field', text: field[1]!, among: new Set(list.split('|')) }
}

/**
 * One level of a topic that is published: MQTT 5.0, 4.7.1 forbids the wildcards, an empty one
 * identifies nothing, and for a control character a server may cut the connection.
 */
const isLevel = (text: string) => text !== '' && !/[/+#]/.test(text) && !isRisky(text)

class Compiled implements TopicTemplate {
  readonly filter: string
  readonly fields: readonly string[]
  readonly #levels: readonly Level[]
  readonly #open: boolean

  constructor(readonly text: string) {
    const levels = text.split('/').map(parseLevel)
    this.#open = levels.at(-1)!.kind === 'rest'
    this.#levels = this.#open ? levels.slice(0, -1) : levels
    this.fields = levels.filter(level => level.kind === 'field').map(level => level.text)
    this.filter = levels.map(filterOf).join('/')
  }

  match(topic: string): Record<string, string> | undefined {
    const parts = topic.split('/')
    if (!this.#fits(parts)) return undefined
    const found: Record<string, string> = {}
    const levels = this.#levels
    for (let index = 0; index < levels.length; index++) {
      const level = levels[index]!
      if (level.kind === 'field') found[level.text] = parts[index]!
    }
    return found
  }

  matches(topic: string): boolean {
    return this.#fits(topic.split('/'))
  }

  fill(record: Readonly<Record<string, unknown>>): string {
    if (this.#open)
      throw new MillraceError(
        'TOPIC_FIELD_INVALID',
        `No topic can be made from "${this.text}", because it ends in #.`
      )
    const topic = this.#levels.map(level => this.#levelOf(level, record)).join('/')
    if (!isTooLong(topic)) return topic
    throw new MillraceError(
      'TOPIC_FIELD_INVALID',
      `The topic made from "${this.text}" is longer than ${MAX_TEXT_BYTES} bytes.`
    )
  }

  #fits(parts: readonly string[]): boolean {
    const levels = this.#levels
    if (this.#open ? parts.length < levels.length : parts.length !== levels.length) return false
    // MQTT 5.0, 4.7.2: a wildcard at the first level does not take topics of the server such as
    // $SYS.
    if (levels[0]?.kind !== 'literal' && parts[0]!.startsWith('$')) return false
    for (let index = 0; index < levels.length; index++) {
      const level = levels[index]!
      const part = parts[index]!
      if (
        level.kind === 'literal'
          ? part !== level.text
          : level.kind === 'field' && !accepts(level, part)
      )
        return false
    }
    return true
  }

  #levelOf(level: Level, record: Readonly<Record<string, unknown>>): string {
    if (level.kind === 'literal') return level.text
    if (level.kind === 'any')
      throw new MillraceError(
        'TOPIC_FIELD_INVALID',
        `No topic can be made from "${this.text}", because it has +.`
      )
    const value = Object.hasOwn(record, level.text) ? record[level.text] : undefined
    const isNumber = isExactNumber(value) || (typeof value === 'number' && Number.isFinite(value))
    const text = isNumber ? String(value) : value
    if (typeof text === 'string' && isLevel(text) && accepts(level, text)) return text
    throw new MillraceError(
      'TOPIC_FIELD_INVALID',
      `The topic "${this.text}" needs the field ${level.text}, but it is ${described(value)}.`
    )
  }
}

function filterOf(level: Level): string {
  if (level.kind !== 'field') return level.text
  return level.among?.size === 1 ? [...level.among][0]! : '+'
}

const accepts = (level: Level, part: string) =>
  part !== '' && (level.among === undefined || level.among.has(part))

function described(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 80))
    : `of type ${value === null ? 'null' : typeof value}`
}
