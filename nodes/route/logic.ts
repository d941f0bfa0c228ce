import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { cloneRecord } from '../../core/record/clone-record.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { looksAtTopic, type Matcher, matcherOf } from './matcher.ts'
import { Met } from './met.ts'
import { type Rule, rowsOf, ruleProblems } from './rules.ts'
import { spec } from './spec.ts'

/** The records of a message by output, and how many went to none. */
export interface Routed {
  readonly outputs: readonly (readonly unknown[])[]
  readonly filtered: number
}

/**
 * Makes the function that sorts the records of a message by rules, in their order.
 * @throws OptionsError that lists what is wrong with the rules
 */
export function router(
  options: Options<typeof spec>,
  met = new Met(0)
): (message: Message) => Routed {
  const begin = routing(options, met)
  return message => {
    const { routed, records, take } = begin(message)
    for (const record of records) take(record)
    return routed
  }
}

/** The same, and a batch that takes long gives others their turn. */
export function slicedRouter(
  options: Options<typeof spec>,
  met: Met
): (message: Message) => Routed | Promise<Routed> {
  const begin = routing(options, met)
  return message => {
    const { routed, records, take } = begin(message)
    const rest = inSlices(records, take)
    return rest === undefined ? routed : rest.then(() => routed)
  }
}

/** What is made of a message, and the function that puts its records there, one after the other. */
interface Routing {
  readonly routed: Routed
  readonly records: readonly unknown[]
  readonly take: (record: unknown) => void
}

/** @throws OptionsError that lists what is wrong with them */
export function checkedRules({ rules }: Pick<Options<typeof spec>, 'rules'>): readonly Rule[] {
  const problems = ruleProblems(rules).map(problem => `${spec.fields.rules.label}: ${problem}`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return rules as readonly Rule[]
}

function routing(options: Options<typeof spec>, met: Met): (message: Message) => Routing {
  const rules = checkedRules(options)
  const matchers = rules.map(matcherOf)
  const topical = rules.some(rule => looksAtTopic(rowsOf(rule)))
  const place = options.send === 'first' ? toFirst(matchers, met) : toEvery(matchers, met)
  const count = matchers.length + (options.otherwise ? 1 : 0)
  return message => {
    const outputs: unknown[][] = Array.from({ length: count }, () => [])
    const routed = { outputs, filtered: 0 }
    const records = recordsOf(message.payload)
    met.records += records.length
    const take = (record: unknown) => {
      const placed = place(record, topical ? topicOf(record, message) : '', outputs)
      if (placed) return
      if (options.otherwise) outputs[matchers.length]!.push(record)
      else routed.filtered++
    }
    return { routed, records, take }
  }
}

type Place = (record: unknown, topic: string, outputs: readonly unknown[][]) => boolean

function toFirst(matchers: readonly Matcher[], met: Met): Place {
  return (record, topic, outputs) => {
    for (let index = 0; index < matchers.length; index++) {
      if (!matchers[index]!(record, topic)) continue
      outputs[index]!.push(record)
      met.rule(index)
      return true
    }
    return false
  }
}

/**
 * A record that goes to several outputs is a copy at all but the first, since the nodes behind may
 * change what they get.
 */
function toEvery(matchers: readonly Matcher[], met: Met): Place {
  return (record, topic, outputs) => {
    let placed = false
    for (let index = 0; index < matchers.length; index++) {
      if (!matchers[index]!(record, topic)) continue
      outputs[index]!.push(placed ? cloneRecord(record) : record)
      placed = true
      met.rule(index)
    }
    return placed
  }
}
