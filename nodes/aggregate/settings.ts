import type { Options } from '../../core/node/spec.ts'
import type { spec } from './spec.ts'

export type AggregateSettings = Options<typeof spec>
export type FunctionName = AggregateSettings['functions'][number]['function']
