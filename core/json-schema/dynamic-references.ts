import type { Ajv, AnySchemaObject, KeywordCxt } from 'ajv'
import { loadModule } from '../load-module.ts'

type Codegen = typeof import('ajv/dist/compile/codegen')

/** How many schemas of a document have an anchor of each name; the recursive one has none. */
export type DynamicAnchors = ReadonlyMap<string, number>

/**
 * Replaces how ajv calls `$dynamicRef` and `$recursiveRef`, which are always false where it stops
 * at the first error. Where just one schema could be meant they are what `$ref` is.
 */
export function useDynamicReferences(ajv: Ajv, anchors: DynamicAnchors): void {
  const reference = definitionOf(ajv, '$ref')
  for (const keyword of ['$dynamicRef', '$recursiveRef']) {
    const own = definitionOf(ajv, keyword)
    if (!own || !reference) continue
    own.code = cxt => {
      const anchor = String(cxt.schema).replace(/^[^#]*#?/, '')
      const target = resolved(cxt, anchor)
      if (target === undefined) reference.code(cxt)
      else {
        const isDynamic = isAnchor(target.schema, keyword, anchor) && (anchors.get(anchor) ?? 0) > 1
        call(cxt, target, isDynamic ? anchor : undefined)
      }
    }
  }
}

function definitionOf(ajv: Ajv, keyword: string) {
  const rule = ajv.RULES.all[keyword]
  return typeof rule === 'object' && 'code' in rule.definition ? rule.definition : undefined
}

function isAnchor(schema: unknown, keyword: string, anchor: string): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const { $dynamicAnchor, $recursiveAnchor } = schema as AnySchemaObject
  return keyword === '$recursiveRef' ? $recursiveAnchor === true : $dynamicAnchor === anchor
}

/** The schema that a plain reference would mean, as one that can be called. */
function resolved({ schema, it }: KeywordCxt, anchor: string) {
  const { resolveRef, compileSchema, SchemaEnv } =
    loadModule<typeof import('ajv/dist/compile')>('ajv/dist/compile')
  const { root } = it.schemaEnv
  if ((schema === '#' || schema === '#/') && it.baseId === root.baseId) return root
  const found = resolveRef.call(it.self as Ajv, root, it.baseId, schema)
  // ajv does not find the anchor of the root itself
  if (
    found === undefined &&
    schema === `#${anchor}` &&
    isAnchor(root.schema, '$dynamicRef', anchor)
  )
    return root
  if (found === undefined || found instanceof SchemaEnv) return found
  return compileSchema.call(
    it.self as Ajv,
    new SchemaEnv({ schema: found, root, baseId: it.baseId })
  )
}

/**
 * Calls the outermost schema with this anchor that the check has come through, or else the one that
 * is meant.
 */
function call(
  cxt: KeywordCxt,
  target: NonNullable<ReturnType<typeof resolved>>,
  anchor: string | undefined
): void {
  const { _, getProperty } = loadModule<Codegen>('ajv/dist/compile/codegen')
  const { callRef, getValidate } = loadModule<typeof import('ajv/dist/vocabularies/core/ref')>(
    'ajv/dist/vocabularies/core/ref'
  )
  const meant = target === cxt.it.schemaEnv ? cxt.it.validateName : getValidate(cxt, target)
  if (anchor === undefined) callRef(cxt, meant, target)
  else {
    const { default: names } =
      loadModule<typeof import('ajv/dist/compile/names')>('ajv/dist/compile/names')
    const known = _`${names.dynamicAnchors}${getProperty(anchor)}`
    callRef(cxt, cxt.gen.const('_v', _`${known} || ${meant}`))
  }
}
