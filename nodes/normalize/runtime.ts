import { defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { answer } from '../../core/record/message.ts'
import { normalizer } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics, status }) => {
  const normalize = normalizer(options, Date.now)
  return {
    transform: message => {
      const sorted = normalize(message)
      metrics.rejected += sorted[1].length
      return answer(message, sorted)
    },
    close: showRate(status, metrics)
  }
})
