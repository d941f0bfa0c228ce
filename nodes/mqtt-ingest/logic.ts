import { placingProblems } from '../../core/format/check.ts'
import { formatDefaults } from '../../core/format/fields.ts'
import {
  isPlainJson,
  jsonRulesOf,
  loadingReader,
  type ReaderOptions
} from '../../core/format/reader.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { FILL_IN } from '../../core/record/fill-in.ts'
import {
  compileTopicTemplate,
  type TopicTemplate,
  topicTemplateProblems
} from '../../core/record/topic-template.ts'
import { problemsBetween } from './check.ts'
import { Shaper } from './shaper.ts'
import { spec } from './spec.ts'

/**
 * @throws OptionsError where the template is wrong, or has no field of the name that the key has,
 * and for settings of the format that cannot be used; `ready` of the shaper is refused with it
 * likewise
 */
export function shaperOf(options: Options<typeof spec>): Shaper {
  const { topic, filter, output, keyField, maxPayloadBytes, topicWins } = options
  checkTopics(options)
  const reading = readingOf(options)
  const problems = placingProblems(reading)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const template = compileTopicTemplate(topic)
  return new Shaper({
    makesRecords: output !== 'messages',
    template,
    siblings: siblingsOf(topic),
    filter: filter || template.filter,
    keyField,
    maxPayloadBytes,
    fillIn: FILL_IN[topicWins],
    json: jsonRulesOf(reading),
    isPlain: isPlainJson(reading),
    decompresses: reading.decompress,
    loading: loadingReader(reading)
  })
}

/** The fields of other formats say nothing where these are not asked for. */
function readingOf(options: Options<typeof spec>): ReaderOptions {
  const { output, nanAsNull, exact, maxFields, nameField } = options
  if (output !== 'decoded') return formatDefaults({ nanAsNull, exact, maxFields })
  return { ...options, keyField: nameField } as ReaderOptions
}

function checkTopics(options: Options<typeof spec>): void {
  const { topic, filter } = options
  const { fields } = spec
  const problems = topicTemplateProblems(topic).map(problem => `${fields.topic.label}: ${problem}`)
  if (filter !== '')
    problems.push(
      ...topicTemplateProblems(filter).map(problem => `${fields.filter.label}: ${problem}`)
    )
  if (/[{}]/.test(filter)) problems.push(`${fields.filter.label}: a filter has + and #, not fields`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const between = problemsBetween(options)
  if (between.length > 0) throw OptionsError.between(spec, between)
}

function siblingsOf(topic: string): TopicTemplate | undefined {
  const levels = topic.split('/')
  const last = levels.pop()!
  const isFixed = levels.length > 0 && (!/[{}+#]/.test(last) || /^\{\w+:/.test(last))
  return isFixed ? compileTopicTemplate([...levels, '{the_last_level}'].join('/')) : undefined
}
