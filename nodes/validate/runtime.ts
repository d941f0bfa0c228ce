import { answer } from '../../core/batch.ts'
import { defineNode } from '../../core/define-node.ts'
import { showRate } from '../../core/show-rate.ts'
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
