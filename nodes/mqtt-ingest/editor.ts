import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  // Its fields say less than their place: {org}/{site} reads as +/+.
  label: ({ topic, output }) => `${String(topic).replace(/\{[^{}]*\}/g, '+')} → ${output === 'messages' ? 'messages' : 'records'}`
} satisfies EditorHooks
