import type { Ajv, ErrorObject } from 'ajv'
import { canonical } from './canonical.ts'
import { meter } from './cost.ts'

const STEPS_AN_ITEM = 10

/**
 * The places of two items that are equal. One pass: comparing each with each takes 30 s for 20,000
 * objects.
 */
function twins(items: readonly unknown[]): { i: number; j: number } | undefined {
  const places = new Map<unknown, number>()
  const placesOfShapes = new Map<string, number>()
  meter.charge(items.length * STEPS_AN_ITEM)
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    const isShape = typeof item === 'object' && item !== null
    const key = isShape ? canonical(item) : item
    const known = isShape ? placesOfShapes.get(key as string) : places.get(key)
    if (known !== undefined) return { i: index, j: known }
    if (isShape) placesOfShapes.set(key as string, index)
    else places.set(key, index)
  }
  return undefined
}

interface Check {
  (wanted: boolean, items: unknown[]): boolean
  errors?: Partial<ErrorObject>[]
}

/** Replaces the keyword, keeping the error as ajv tells it. */
export function useLinearUniqueItems(ajv: Ajv): void {
  const validate: Check = (wanted, items) => {
    const params = wanted ? twins(items) : undefined
    if (params === undefined) return true
    const message = `must NOT have duplicate items (items ## ${params.j} and ${params.i} are identical)`
    validate.errors = [{ keyword: 'uniqueItems', message, params }]
    return false
  }
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: true,
    validate
  })
}
