/** Keywords by what they hold: one schema, a list of schemas, or schemas by name. */
const ONE = new Set(
  `additionalItems additionalProperties contains contentSchema else if items not propertyNames then
  unevaluatedItems unevaluatedProperties`.split(/\s+/)
)
const LIST = new Set(['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'])
const BY_NAME = new Set(
  '$defs definitions dependencies dependentSchemas patternProperties properties'.split(' ')
)
/** What these hold is data, whatever it looks like. */
const DATA = new Set(['const', 'default', 'enum', 'example', 'examples'])

export type SchemaObject = Record<string, unknown>

/**
 * Goes by every object of a schema that is a schema. `certain` is false for what stands under a
 * keyword that no draft knows: references may lead there (`#/components/schemas/…`), or it is
 * something else.
 */
export function visitSchemas(
  schema: unknown,
  visit: (schema: SchemaObject, certain: boolean) => void,
  certain = true
): void {
  if (!isObject(schema)) return
  visit(schema, certain)
  for (const [keyword, value] of Object.entries(schema)) {
    if (DATA.has(keyword)) continue
    if (LIST.has(keyword) && Array.isArray(value)) {
      for (const item of value) visitSchemas(item, visit, certain)
    } else if (ONE.has(keyword)) visitSchemas(value, visit, certain)
    else if (BY_NAME.has(keyword) && isObject(value)) {
      for (const item of Object.values(value)) visitSchemas(item, visit, certain)
    } else visitSchemas(value, visit, false)
  }
}

export const isObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
