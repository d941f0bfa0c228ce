import { answer } from '../../core/batch.ts'
import { defineNode } from '../../core/define-node.ts'
import { normalizer } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics }) => {
  const normalize = normalizer(options, Date.now)
  return {
    transform: message => {
      const sorted = normalize(message)
      metrics.rejected += sorted[1].length
      return answer(message, sorted)
    }
  }
})
