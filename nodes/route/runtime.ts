import { defineTransform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { slicedRouter } from './logic.ts'
import { Met } from './met.ts'
import type { Rule } from './rules.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options }) => {
    const rules = Array.isArray(options.rules) ? (options.rules as readonly Rule[]).length : 0
    const met = new Met(rules)
    return { sort: slicedRouter(options, met), note: () => met.text }
  },
  undefined,
  { learn }
)
