import { defineNode } from '../../core/node/define-node.ts'
import { showRate } from '../../core/node/show-rate.ts'
import { answer, type Message } from '../../core/record/message.ts'
import { type Routed, slicedRouter } from './logic.ts'
import { Met } from './met.ts'
import type { Rule } from './rules.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, metrics, status }) => {
  const met = new Met(Array.isArray(options.rules) ? (options.rules as readonly Rule[]).length : 0)
  const route = slicedRouter(options, met)
  const finish = (message: Message, { outputs, filtered }: Routed) => {
    metrics.filtered += filtered
    return answer(message, outputs)
  }
  return {
    transform: message => {
      const routed = route(message)
      return routed instanceof Promise ? routed.then(later => finish(message, later)) : finish(message, routed)
    },
    close: showRate(status, metrics, undefined, () => met.text)
  }
})
