import { defineTransform, recordsOf, reject, unfitness } from '@millrace/node-red-telemetry'
import { spec } from './round-value.spec.js'

/** Each record leaves once: rounded, or rejected with the reason. */
export default defineTransform(spec, ({ options: { field, digits } }) => message => {
  const passed: unknown[] = []
  const rejected: unknown[] = []
  for (const record of recordsOf(message.payload)) {
    const reason = unfitness(record) ?? unfitOf((record as Record<string, unknown>)[field], field)
    if (reason) rejected.push(reject(record, 'round-value', reason))
    // A copy, since others may hold the record. It keeps where the record came from, which stands
    // under a symbol.
    else
      passed.push({
        ...(record as object),
        [field]: Number((record as Record<string, number>)[field]!.toFixed(digits))
      })
  }
  return [passed, rejected]
})

function unfitOf(value: unknown, path: string) {
  if (typeof value === 'number') return undefined
  return {
    code: 'NOT_A_NUMBER',
    message: `The field ${path} is ${JSON.stringify(value)}, and no number.`,
    path
  }
}
