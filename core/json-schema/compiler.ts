import type { Ajv, ErrorObject, Options } from 'ajv'
import { loadModule } from '../load-module.ts'
import { compilePattern } from '../pattern/pattern.ts'
import { useSetsOfAllowedValues } from './allowed-values.ts'
import { forgetErrorsOfBranches, meter, meterKeywords, type References } from './cost.ts'
import { type Draft, ignoresBesideRef } from './dialect.ts'
import { type DynamicAnchors, useDynamicReferences } from './dynamic-references.ts'
import { addFormats } from './formats.ts'
import { useTolerantMultipleOf } from './multiple-of.ts'
import { isObject, type SchemaObject, visitSchemas } from './subschemas.ts'
import { useLinearUniqueItems } from './unique-items.ts'

const MODULES: Readonly<Record<Draft, string>> = {
  '04': 'ajv',
  '06': 'ajv',
  '07': 'ajv',
  '2019-09': 'ajv/dist/2019',
  '2020-12': 'ajv/dist/2020'
}

/** What a schema asks of its compiler. */
export interface Traits {
  /** It has references, so that a record can make a part of it be applied again and again. */
  readonly refers: boolean
  /** It names a field as every object inherits one, such as `constructor`. */
  readonly inherits: boolean
  readonly anchors: DynamicAnchors
}

export interface Compiling extends Traits {
  readonly draft: Draft
  readonly coerce: boolean
  readonly allErrors: boolean
  readonly documents?: Readonly<Record<string, unknown>>
}

/**
 * Ajv keeps what it learns of a schema: the names of its parts would be known to the next one, and
 * could take the place of the draft's own. So every schema gets an instance of its own (1 to 2 ms).
 */
export function newCompiler(compiling: Compiling): { ajv: Ajv; references: References } {
  // what a person wrote is not what a device sent: it may cost what it costs
  meter.begin(Number.POSITIVE_INFINITY)
  const { draft, coerce, allErrors, refers, inherits, anchors, documents = {} } = compiling
  const ajv = newAjv(draft, {
    validateSchema: false,
    allErrors,
    verbose: allErrors,
    coerceTypes: coerce,
    // it is slower, so it is for those that need it
    ownProperties: inherits
  })
  useDynamicReferences(ajv, anchors)
  if (!allErrors) forgetErrorsOfBranches(ajv)
  const references = meterKeywords(ajv, refers)
  for (const [address, document] of Object.entries(documents)) {
    ajv.addSchema(document as SchemaObject, address)
  }
  return { ajv, references }
}

/**
 * What a schema does not know checks nothing, and is told (dialect.ts); so the compiler is not
 * strict.
 */
function newAjv(draft: Draft, options: Options): Ajv {
  const Compiler = loadModule<typeof import('ajv')>(MODULES[draft]).default
  const expression = (source: string) => compilePattern(source, meter)
  // ajv looks at the code of an expression only where it writes a module
  expression.code = 'compilePattern'
  const ajv = new Compiler({
    strict: false,
    logger: false,
    ...options,
    ignoreKeywordsWithRef: ignoresBesideRef(draft),
    // what ajv would leave out costs a schema of a thousand fields as long as all the rest
    code: { regExp: expression, optimize: false }
  })
  addFormats(ajv)
  useTolerantMultipleOf(ajv)
  useLinearUniqueItems(ajv)
  useSetsOfAllowedValues(ajv)
  return ajv
}

const readers = new Map<string, Ajv>()

/**
 * Checks the form of a schema by the schema of its draft. The one that does is shared, since it
 * takes 25 to 75 ms to make ready.
 * @throws Error with what is wrong
 */
export function checkForm(schema: SchemaObject, draft: Draft): void {
  const name = MODULES[draft]
  const reader = readers.get(name) ?? newAjv(draft, { allErrors: true })
  readers.set(name, reader)
  meter.begin(Number.POSITIVE_INFINITY)
  if (reader.validateSchema(schema)) return
  const words = (error: ErrorObject) => `${error.instancePath || 'the schema'} ${error.message}`
  throw new Error([...new Set((reader.errors ?? []).map(words))].join(', '))
}

export function traitsOf(schemas: readonly unknown[]): Traits {
  let refers = false
  let inherits = false
  const anchors = new Map<string, number>()
  const look = (name: string) => {
    inherits ||= name in Object.prototype
  }
  for (const schema of schemas) {
    visitSchemas(schema, part => {
      refers ||= '$ref' in part || '$dynamicRef' in part || '$recursiveRef' in part
      const anchor = part.$recursiveAnchor === true ? '' : part.$dynamicAnchor
      if (typeof anchor === 'string') anchors.set(anchor, (anchors.get(anchor) ?? 0) + 1)
      if (Array.isArray(part.required)) part.required.map(String).forEach(look)
      for (const keyword of [
        'properties',
        'dependencies',
        'dependentRequired',
        'dependentSchemas'
      ]) {
        const fields = part[keyword]
        if (!isObject(fields)) continue
        Object.keys(fields).forEach(look)
        Object.values(fields).filter(Array.isArray).flat().map(String).forEach(look)
      }
    })
  }
  return { refers, inherits, anchors }
}
