import { defineTransform } from '../../core/node/define-transform.ts'
import { slicedRouter } from './logic.ts'
import { Met } from './met.ts'
import type { Rule } from './rules.ts'
import { spec } from './spec.ts'

export default defineTransform(spec, ({ options }) => {
  const met = new Met(Array.isArray(options.rules) ? (options.rules as readonly Rule[]).length : 0)
  return { sort: slicedRouter(options, met), note: () => met.text }
})
