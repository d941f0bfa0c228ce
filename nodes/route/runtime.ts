import { defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { answer } from '../../core/record/message.ts'
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
