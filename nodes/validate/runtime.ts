import { defineTransform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { slicedValidator } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options, node }) => slicedValidator(options, notice => node.warn(notice)),
  undefined,
  { learn }
)
