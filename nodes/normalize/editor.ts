import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  label: ({ field, target }) => `${field} → ${target}`,
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0]),
  learns: true
} satisfies EditorHooks
