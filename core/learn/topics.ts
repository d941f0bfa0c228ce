/** A topic template that takes all the topics that were seen. */
export interface ProposedTopic {
  readonly template: string
  /** Names of its fields, and how many different values each has had. */
  readonly fields: readonly { readonly name: string; readonly values: number }[]
}

/** What the levels of a topic are mostly called, by what stands around them. */
const FIXED =
  /^(tele|stat|cmnd|zigbee2mqtt|shellies|homeassistant|application|device|devices|event|events|up|sensor|sensors|state|status|data|telemetry|attributes|v\d+|spBv1\.0|me|gateway|owntracks|rtl_433|\$aws|things|shadow|update|accepted|reading|readings|rpc|online|raw)$/i
const IDENTITY =
  /^(?:[0-9a-f]{6,}|.*\d.*|[0-9a-f]{2}([:-][0-9a-f]{2}){5}|(?:dev|device|sensor|node|meter|pump|motor|plc|gw|gateway)[-_].+)$/i
const METRIC =
  /^(temp(erature)?|hum(idity)?|pressure|power|energy|voltage|current|co2|pm\d*|level|flow|speed|state|value|battery|illuminance|light)([-_].*)?$/i
/** The most topics that are looked at. */
const MOST_TOPICS = 2_000
const MAX_LEVELS = 32

/**
 * Levels that vary become fields; where one alone was seen, the level that looks like the name of a
 * device. Undefined where there is no topic, or they have nothing in common.
 * @param hasMetric whether a message is one value, so that the topic may say what is measured
 * @param open levels that may have any text, though they were seen with one
 */
export function topicTemplateOf(
  seen: readonly string[],
  hasMetric = false,
  open: readonly number[] = []
): ProposedTopic | undefined {
  const topics = [...new Set(seen.filter(topic => topic !== '').slice(0, MOST_TOPICS))]
  if (topics.length === 0) return undefined
  const split = topics.map(topic => topic.split('/'))
  const lengths = split.map(levels => levels.length)
  const shortest = Math.min(...lengths, MAX_LEVELS)
  const isOpen = lengths.some(length => length !== shortest)
  const columns = Array.from(
    { length: shortest },
    (_, index) => new Set(split.map(levels => levels[index]!))
  )
  if (columns.every(({ size }) => size > 1) && topics.length > 1 && isOpen) return undefined
  const varies = columns.map((values, index) => values.size > 1 || open.includes(index))
  if (!varies.includes(true)) markLikely(columns, varies, hasMetric)
  const names = namesOf(columns, varies, hasMetric)
  const levels = columns.map((values, index) =>
    varies[index] ? `{${names[index]}}` : literal([...values][0]!)
  )
  return {
    template: (isOpen ? [...levels, '#'] : levels).join('/'),
    fields: columns.flatMap(({ size }, index) =>
      varies[index] ? [{ name: names[index]!, values: size }] : []
    )
  }
}

/** What a template would read as something else. */
const literal = (level: string) => (/[{}+#]/.test(level) || level === '' ? '+' : level)

/** With one topic alone, a level that names a device is taken for one, so that others fit too. */
function markLikely(
  columns: readonly ReadonlySet<string>[],
  varies: boolean[],
  hasMetric: boolean
): void {
  const texts = columns.map(values => [...values][0]!)
  const isOther = (text: string) => !FIXED.test(text) && !METRIC.test(text)
  const likely = texts.findLastIndex(text => IDENTITY.test(text) && isOther(text))
  const other = texts.findLastIndex((text, index) => index > 0 && isOther(text))
  const device = likely >= 0 ? likely : other >= 0 || texts.length !== 2 ? other : 1
  if (device < 0) return
  varies[device] = true
  const metric = texts.findIndex((text, index) => index > device && METRIC.test(text))
  if (hasMetric && metric >= 0) varies[metric] = true
}

function namesOf(
  columns: readonly ReadonlySet<string>[],
  varies: readonly boolean[],
  hasMetric: boolean
): string[] {
  const places = columns.flatMap((_, index) => (varies[index] ? [index] : []))
  const named = columns.map(() => '')
  const looks = (index: number, form: RegExp) =>
    [...columns[index]!].every(value => form.test(value))
  const rest = places.filter(index => {
    if (!hasMetric || !looks(index, METRIC) || places.length === 1) return true
    named[index] = 'metric'
    return false
  })
  const device =
    rest.findLast(index => looks(index, IDENTITY)) ??
    largestOf(
      columns,
      rest.filter(index => !looks(index, FIXED))
    ) ??
    largestOf(columns, rest)
  const FURTHER = ['site', 'area', 'group', 'part', 'branch']
  let used = 0
  for (const index of rest)
    named[index] = index === device ? 'device_id' : (FURTHER[used++] ?? `level_${index + 1}`)
  return named.map((name, index) =>
    named.indexOf(name) === index || name === '' ? name : `${name}_${index + 1}`
  )
}

/** The level with the most values, the last of those that have as many. */
const largestOf = (columns: readonly ReadonlySet<string>[], among: readonly number[]) =>
  among.reduceRight<number | undefined>(
    (best, index) =>
      best === undefined || columns[index]!.size > columns[best]!.size ? index : best,
    undefined
  )
