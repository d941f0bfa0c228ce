import { defineTransform } from '../../core/node/define-transform.ts'
import { normalizer } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(spec, ({ options }) => normalizer(options, Date.now))
