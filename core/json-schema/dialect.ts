import { isObject, type SchemaObject, visitSchemas } from './subschemas.ts'

export type Draft = '04' | '06' | '07' | '2019-09' | '2020-12'

/** A schema as the compiler takes it, and what a person should know about how it is read. */
export interface Dialect {
  readonly schema: SchemaObject
  readonly draft: Draft
  readonly notices: readonly string[]
}

/** How schemas name their draft. */
const NAMES: readonly [RegExp, Draft][] = [
  [/^https?:\/\/json-schema\.org\/draft-04\/schema#?$/, '04'],
  [/^https?:\/\/json-schema\.org\/draft-06\/schema#?$/, '06'],
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, '07'],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, '2019-09'],
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, '2020-12']
]
/** The one way of writing it that the compiler knows; 04 and 06 are read by way of 07. */
const ADDRESSES: Readonly<Record<Draft, string>> = {
  '04': 'http://json-schema.org/draft-07/schema#',
  '06': 'http://json-schema.org/draft-07/schema#',
  '07': 'http://json-schema.org/draft-07/schema#',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema'
}

const words = (text: string) => text.trim().split(/\s+/)
const IN_04 =
  words(`$schema title description default format definitions type enum allOf anyOf oneOf
  not $ref multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern
  items additionalItems minItems maxItems uniqueItems properties patternProperties
  additionalProperties minProperties maxProperties required dependencies`)
const IN_06 = [...IN_04, ...words('$id const contains examples propertyNames')]
const IN_07 = [
  ...IN_06,
  ...words('$comment if then else readOnly writeOnly contentEncoding contentMediaType')
]
const IN_2019 = [
  ...IN_07,
  ...words(`$anchor $recursiveRef $recursiveAnchor $vocabulary $defs dependentRequired deprecated
    dependentSchemas minContains maxContains unevaluatedItems unevaluatedProperties contentSchema`)
]
const IN_2020 = [
  ...IN_2019.filter(word => !word.startsWith('$recursive')),
  ...words('$dynamicRef $dynamicAnchor prefixItems')
]
/** What means something in each draft; `$defs` is where references lead in all of them. */
const KEYWORDS: Readonly<Record<Draft, ReadonlySet<string>>> = {
  '04': new Set([...IN_04, 'id', '$defs']),
  '06': new Set([...IN_06, '$defs']),
  '07': new Set([...IN_07, '$defs']),
  '2019-09': new Set(IN_2019),
  '2020-12': new Set(IN_2020)
}
/** What the compiler would take for a keyword in drafts that do not have it. */
const EVERY = new Set([...IN_2019, ...IN_2020, 'id', 'nullable'])

/** A schema of draft 07 or older: beside `$ref` nothing counts. */
export const ignoresBesideRef = (draft: Draft): boolean => draft <= '07'

/**
 * Says in which draft a schema is written and brings it to a form that the compiler reads with the
 * meaning of that draft. Keywords that the draft does not know are annotations, and told.
 * @throws Error for a draft older than 04, and for what draft 04 writes in another way
 */
export function dialectOf(given: SchemaObject, otherwise: Draft): Dialect {
  const notices: string[] = []
  const draft = draftOf(given, otherwise, notices)
  const schema = structuredClone(given)
  const unknown = new Set<string>()
  const beside = new Set<string>()
  visitSchemas(schema, (part, certain) => {
    if (draft === '04') modernise(part)
    if (ignoresBesideRef(draft) && typeof part.$ref === 'string')
      ignoreBesideRef(part, draft, beside)
    else dropUnknown(part, draft, certain ? unknown : undefined)
  })
  if ('$schema' in schema) schema.$schema = ADDRESSES[draft]
  if (unknown.size > 0)
    notices.push(`${list(unknown)}: not in draft ${draft}, so it checks nothing`)
  if (beside.size > 0) {
    notices.push(`${list(beside)}: beside $ref, where draft ${draft} has nothing count but $ref`)
  }
  return { schema, draft, notices }
}

function draftOf({ $schema }: SchemaObject, otherwise: Draft, notices: string[]): Draft {
  if ($schema === undefined) return otherwise
  const address = String($schema)
  const named = NAMES.find(([pattern]) => pattern.test(address))
  if (named) return named[1]
  if (/^https?:\/\/json-schema\.org\/draft-0\d\//.test(address)) {
    throw new Error(
      `$schema "${address}" is not a draft that is supported (04, 06, 07, 2019-09, 2020-12)`
    )
  }
  notices.push(`$schema "${address}" is not a draft that is known; it is read as ${otherwise}`)
  return otherwise
}

/** Draft 04 has `id`, and limits that are exclusive by a word of their own. */
function modernise(part: SchemaObject): void {
  if (typeof part.id === 'string') {
    part.$id = part.id
    delete part.id
  }
  for (const [limit, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum']
  ] as const) {
    const value = part[exclusive]
    if (value === undefined) continue
    if (typeof value !== 'boolean') {
      throw new Error(
        `${exclusive} is true or false in draft 04, beside ${limit}, but it is ${JSON.stringify(value)}`
      )
    }
    delete part[exclusive]
    if (!value || part[limit] === undefined) continue
    part[exclusive] = part[limit]
    delete part[limit]
  }
}

/** Definitions beside `$ref` count for nothing, but references may lead to them. */
function ignoreBesideRef(part: SchemaObject, draft: Draft, beside: Set<string>): void {
  for (const keyword of Object.keys(part)) {
    if (keyword === '$ref' || keyword === '$schema' || isAnnotation(keyword)) continue
    if (keyword === '$id' || !KEYWORDS[draft].has(keyword)) delete part[keyword]
    else if (!isObject(part[keyword])) beside.add(keyword)
  }
}

const isAnnotation = (keyword: string) =>
  /^(title|description|default|examples|\$comment|definitions|\$defs)$/.test(keyword)

function dropUnknown(part: SchemaObject, draft: Draft, unknown: Set<string> | undefined): void {
  for (const keyword of Object.keys(part)) {
    if (KEYWORDS[draft].has(keyword) || keyword === '$id') continue
    if (keyword === 'nullable' && part.type !== undefined) continue
    unknown?.add(keyword)
    // what stands there may be referred to, unless the compiler would take it for a keyword
    if (EVERY.has(keyword)) delete part[keyword]
  }
}

const list = (names: ReadonlySet<string>) =>
  [...names]
    .slice(0, 20)
    .map(name => `"${name}"`)
    .join(', ')
