import { answer } from '../../core/batch.ts'
import { defineNode } from '../../core/define-node.ts'
import { showRate } from '../../core/show-rate.ts'
import { router } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics, status }) => {
  const route = router(options)
  return {
    transform: message => {
      const { outputs, filtered } = route(message)
      metrics.filtered += filtered
      return answer(message, outputs)
    },
    close: showRate(status, metrics)
  }
})
