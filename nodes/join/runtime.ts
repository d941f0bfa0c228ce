import { defineMemory } from '../../core/state/define-memory.ts'
import { learn } from './learn.ts'
import { join } from './logic.ts'
import { spec } from './spec.ts'

export default defineMemory(spec, join, { learn })
