import { defineMemory } from '../../core/state/define-memory.ts'
import { alarm } from './logic.ts'
import { spec } from './spec.ts'

export default defineMemory(spec, alarm)
