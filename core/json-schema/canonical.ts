import { jsonText } from '../record/json-write.ts'
import { meter } from './cost.ts'

const STEPS_A_VALUE = 10

/**
 * A text that two values of JSON have in common if and only if they are equal: fields in the order
 * of their names.
 */
export function canonical(value: unknown): string {
  meter.charge(STEPS_A_VALUE)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`
  }
  // -0 and 0 are one number
  return value === 0 ? '0' : (jsonText(value) ?? 'undefined')
}
