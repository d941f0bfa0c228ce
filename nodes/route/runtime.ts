import { defineMemory } from '../../core/state/define-memory.ts'
import { learn } from './learn.ts'
import { slicedRouter } from './logic.ts'
import { Met } from './met.ts'
import { routerOverTime } from './over-time.ts'
import type { Rule } from './rules.ts'
import { spec } from './spec.ts'

const metOf = ({ rules }: { readonly rules: unknown }) =>
  new Met(Array.isArray(rules) ? (rules as readonly Rule[]).length : 0)

export default defineMemory(spec, options => routerOverTime(options, metOf(options)), {
  otherwise({ options }) {
    const met = metOf(options)
    return { sort: slicedRouter(options, met), note: () => met.text }
  },
  learn
})
