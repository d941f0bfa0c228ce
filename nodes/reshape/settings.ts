import type { Options } from '../../core/node/spec.ts'
import type { spec } from './spec.ts'

export type Settings = Options<typeof spec>
