import { defineTransform } from '../../core/node/define-transform.ts'
import { reshaper } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(spec, ({ options }) => reshaper(options, Date.now))
