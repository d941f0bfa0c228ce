import { defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { answer } from '../../core/record/message.ts'
import { validator } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics, status }) => {
  const sort = validator(options)
  return {
    transform: message => {
      const sorted = sort(message)
      metrics.rejected += sorted[1].length
      return answer(message, sorted)
    },
    close: showRate(status, metrics)
  }
})
