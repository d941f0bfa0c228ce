import { defineTransform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { normalizer } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(spec, ({ options }) => normalizer(options, Date.now), undefined, {
  learn
})
