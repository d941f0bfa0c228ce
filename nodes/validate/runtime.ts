import { defineTransform } from '../../core/node/define-transform.ts'
import { validator } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(spec, ({ options }) => validator(options))
