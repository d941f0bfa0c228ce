import { defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { answer } from '../../core/record/message.ts'
import { router } from './logic.ts'
import { Met } from './met.ts'
import type { Rule } from './rules.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics, status }) => {
  const met = new Met(Array.isArray(options.rules) ? (options.rules as readonly Rule[]).length : 0)
  const route = router(options, met)
  return {
    transform: message => {
      const { outputs, filtered } = route(message)
      metrics.filtered += filtered
      return answer(message, outputs)
    },
    close: showRate(status, metrics, undefined, () => met.text)
  }
})
