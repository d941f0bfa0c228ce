import { defineTransform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { slicedNormalizer } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options }) => slicedNormalizer(options, Date.now),
  undefined,
  { learn }
)
