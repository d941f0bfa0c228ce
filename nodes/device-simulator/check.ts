import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { FAULTS } from './faults.ts'
import type { spec } from './spec.ts'

/** Fields that a topic may be made of. */
const FIELDS = ['site', 'device_type', 'device_id', 'metric']

/** What is wrong with the fleet as a whole, where each setting by itself is fine. */
export function problemsBetween(options: Options<typeof spec>): Problem[] {
  const problems: Problem[] =
    options.target === 'sparkplug'
      ? edgeNodeProblems(options)
      : topicProblems(options.topic).map(problem => ['topic', problem])
  const share = FAULTS.reduce((sum, fault) => sum + options[`${fault}Pct`], 0)
  if (share > 100) problems.push(['malformedPct', 'Faults: together they are more than 100 %'])
  for (const { metric, min, max } of options.metrics) {
    if (min > max) problems.push(['metrics', `the lowest value of ${metric} is above the highest`])
  }
  return problems
}

/** Each edge node has a connection of its own, since each has a will of its own. */
const MAX_EDGE_NODES = 100

const edgeNodeProblems = ({ sites }: Options<typeof spec>): Problem[] =>
  sites > MAX_EDGE_NODES
    ? [['sites', `Sparkplug has a connection for each; at most ${MAX_EDGE_NODES} are made`]]
    : []

function topicProblems(topic: string): string[] {
  if (/[+#]/.test(topic)) return ['a topic to publish to has no + and #']
  const unknown = [...topic.matchAll(/\{(\w+)/g)]
    .map(([, field]) => field!)
    .filter(field => !FIELDS.includes(field))
  return unknown.map(
    field => `there is no {${field}}; the fields are ${FIELDS.map(name => `{${name}}`).join(', ')}`
  )
}
