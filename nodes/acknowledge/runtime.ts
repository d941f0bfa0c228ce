import { defineNode } from '../../core/node/define-node.ts'
import { settle } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options, tracker, metrics }) => ({
  transform(message) {
    settle(message, options, tracker)
    if (options.as === 'stored')
      metrics.stored += Array.isArray(message.payload) ? message.payload.length : 1
    return [message]
  }
}))
