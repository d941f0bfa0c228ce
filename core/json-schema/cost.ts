import type { Ajv, AnySchemaObject, KeywordCxt } from 'ajv'
import { loadModule } from '../load-module.ts'
import { Meter } from '../meter.ts'

/** About 40 ms. A record of 1 MB with a schema of a hundred keywords takes a tenth of it. */
const STEPS_A_RECORD = 4_000_000
const STEPS_A_REFERENCE = 80
const STEPS_A_CHILD = 4
/** Each is taken for itself, and may fail by itself. */
const STEPS_A_CANDIDATE = 16

/** Of a choice; each may be looked at for every item of a list. */
const STEPS_A_BRANCH = 8

/** Stands for the keyword in the error of a value that costs more than one may. */
export const COST = 'cost'

/**
 * What the record that is being checked may still cost. There is one thread, so there is one
 * record.
 */
export const meter = new Meter(STEPS_A_RECORD)

/** What it may cost to find all errors of a record, of which one is known. */
export const STEPS_FOR_ALL_ERRORS = STEPS_A_RECORD / 10

/**
 * True if the last check was dear: a hundredth of what a record may. Then others should have their
 * turn.
 */
export const isDear = (): boolean => meter.left < STEPS_A_RECORD * 0.99

/** Keywords that go by each item of a list, or each field of an object. */
const OF_LISTS = ['items', 'additionalItems', 'prefixItems', 'contains', 'unevaluatedItems']
const OF_OBJECTS = [
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties'
]
const CHOICES = ['anyOf', 'oneOf']
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']

/** Which schemas refer to which while they look at the same value. */
export type References = Map<AnySchemaObject, Set<AnySchemaObject>>

/**
 * Makes compiled schemas count what they do. Without references the work is bounded by the size
 * of the schema times that of the record; with them a record can make one schema be applied again
 * and again, twice as often at each level.
 */
export function meterKeywords(ajv: Ajv, refers: boolean): References {
  const references: References = new Map()
  const { _ } = loadModule<typeof import('ajv')>('ajv')
  const charge = (cxt: KeywordCxt, steps: ReturnType<typeof _>) => {
    const name = cxt.gen.scopeValue('obj', { ref: meter })
    cxt.gen.code(_`${name}.charge(${steps})`)
  }
  for (const keyword of OF_LISTS) {
    const steps = keyword === 'contains' ? STEPS_A_CANDIDATE : STEPS_A_CHILD
    beforeCode(ajv, keyword, cxt => charge(cxt, _`${cxt.data}.length * ${steps}`))
  }
  beforeCode(ajv, 'contains', forgetErrors)
  for (const keyword of CHOICES) {
    beforeCode(ajv, keyword, cxt => {
      const subschema = cxt.subschema.bind(cxt)
      cxt.subschema = (applied, valid) => {
        charge(cxt, _`${STEPS_A_BRANCH}`)
        return subschema(applied, valid)
      }
    })
  }
  if (!refers) return references
  for (const keyword of OF_OBJECTS) {
    beforeCode(ajv, keyword, cxt =>
      charge(cxt, _`Object.keys(${cxt.data}).length * ${STEPS_A_CHILD}`)
    )
  }
  for (const keyword of REFERENCES) {
    beforeCode(ajv, keyword, cxt => {
      noteReference(cxt, references)
      charge(cxt, _`${STEPS_A_REFERENCE}`)
    })
  }
  return references
}

/**
 * Where the first error counts, a choice that fails tells that one error. Else the errors of all
 * branches would add up, at each level of a record again.
 */
export function forgetErrorsOfBranches(ajv: Ajv): void {
  for (const keyword of CHOICES) {
    beforeCode(ajv, keyword, cxt => {
      forgetErrors(cxt)
      const error = cxt.error.bind(cxt)
      cxt.error = (...args) => {
        cxt.reset()
        error(...args)
      }
    })
  }
}

/**
 * Most items of a list are not what it must contain, and most branches of a choice are not what a
 * value is: an error object for each, which nobody is told of, took five times as long as looking
 * at it.
 */
function forgetErrors(cxt: KeywordCxt): void {
  const subschema = cxt.subschema.bind(cxt)
  cxt.subschema = (applied, valid) => subschema({ ...applied, createErrors: false }, valid)
}

function beforeCode(ajv: Ajv, keyword: string, before: (cxt: KeywordCxt) => void): void {
  const rule = ajv.RULES.all[keyword]
  if (typeof rule !== 'object' || !('code' in rule.definition)) return
  const { definition } = rule
  const { code } = definition
  definition.code = (cxt, ruleType) => {
    before(cxt)
    code(cxt, ruleType)
  }
}

/**
 * Only a reference that does not go into the value, by a field or an item, can lead back for ever.
 */
function noteReference({ keyword, schema, it }: KeywordCxt, references: References): void {
  if (keyword !== '$ref' || it.dataLevel > 0) return
  const { resolveRef, SchemaEnv } =
    loadModule<typeof import('ajv/dist/compile')>('ajv/dist/compile')
  const { root } = it.schemaEnv
  const isRoot = (schema === '#' || schema === '#/') && it.baseId === root.baseId
  const target = isRoot ? root : resolveRef.call(it.self as Ajv, root, it.baseId, schema)
  // a schema without references of its own is given as it is
  if (!(target instanceof SchemaEnv)) return
  const from = it.schemaEnv.schema as AnySchemaObject
  const targets = references.get(from) ?? new Set()
  references.set(from, targets.add(target.schema as AnySchemaObject))
}

/** True if a schema leads back to itself without going into the value: no check would ever end. */
export function isEndless(references: References): boolean {
  const done = new Set<AnySchemaObject>()
  const way = new Set<AnySchemaObject>()
  const leadsBack = (schema: AnySchemaObject): boolean => {
    if (way.has(schema)) return true
    if (done.has(schema)) return false
    way.add(schema)
    const found = [...(references.get(schema) ?? [])].some(leadsBack)
    way.delete(schema)
    done.add(schema)
    return found
  }
  return [...references.keys()].some(leadsBack)
}
