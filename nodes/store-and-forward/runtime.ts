import type { NodeAPI } from 'node-red'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { planOf } from './logic.ts'
import { StoreAndForward } from './node.ts'
import { panelRoute, runningIn } from './panel.ts'
import { spec } from './spec.ts'

const define = defineNode(spec, (context: Context<typeof spec>) => {
  const node = new StoreAndForward(context, planOf(context.options))
  runningIn(context.RED).set(context.id, node)
  return {
    accept: (message, done) => node.accept(message, done),
    close(closing) {
      runningIn(context.RED).delete(context.id)
      return node.close(closing)
    }
  }
})

export default function storeAndForward(RED: NodeAPI): void {
  panelRoute(RED)
  define(RED)
}
