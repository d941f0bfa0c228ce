import type { Ajv } from 'ajv'
import { loadModule } from '../load-module.ts'

/**
 * Whether a value is a multiple of a step as far as floating point can tell: 19.99 / 0.01 is
 * 1998.9999999999998. The value, the step and their product are each off by half a unit in the last
 * place at most. A fixed tolerance, as ajv offers, would refuse the counter of a meter
 * (12345678.901 in steps of 0.001) and let through a millisecond too much in steps of an hour.
 */
export function isMultipleOf(value: number, step: number): boolean {
  if (Number.isInteger(value) && Number.isInteger(step)) return value % step === 0
  return Math.abs(value - Math.round(value / step) * step) <= 2 * Number.EPSILON * Math.abs(value)
}

/** Replaces the keyword, keeping the error as ajv tells it. */
export function useTolerantMultipleOf(ajv: Ajv): void {
  const { default: own } = loadModule<{ default: { error: object } }>(
    'ajv/dist/vocabularies/validation/multipleOf'
  )
  ajv.removeKeyword('multipleOf').addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    error: own.error as never,
    validate: (step: number, value: number) => isMultipleOf(value, step)
  })
}
