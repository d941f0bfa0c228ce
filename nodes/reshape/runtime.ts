import type { Node, NodeAPI } from 'node-red'
import { defineTransform } from '../../core/node/define-transform.ts'
import type { Prepare } from './calculated.ts'
import { learn } from './learn.ts'
import { reshaper } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options, RED, node }) => reshaper(options, Date.now, jsonata(RED, node)),
  undefined,
  { learn }
)

/** What JSONata calls before each step: by the name of its versions up to 2.0, and since. */
const STEP_HOOKS = ['__evaluate_entry', Symbol.for('jsonata.__evaluate_entry')] as const

/** Node-RED's own JSONata, with the functions that it adds. */
export const jsonata =
  ({ util }: NodeAPI, node: Node): Prepare =>
  text => {
    const expression = util.prepareJSONataExpression(text, node)
    return {
      ast: () => expression.ast(),
      onStep(entered) {
        for (const name of STEP_HOOKS) expression.assign(name as string, entered)
      },
      evaluate: record =>
        new Promise((resolve, refuse) => {
          util.evaluateJSONataExpression(expression, record as never, (error, value) =>
            error ? refuse(error) : resolve(value)
          )
        })
    }
  }
