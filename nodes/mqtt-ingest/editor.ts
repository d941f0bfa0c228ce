import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  // Its fields say less than their place: {org}/{site} reads as +/+.
  label: ({ topic, output }) =>
    `${String(topic).replace(/\{[^{}]*\}/g, '+')} → ${output === 'messages' ? 'messages' : 'records'}`,
  hasPreview: true,
  learns: true,
  listens: 'mqtt-messages',
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0])
} satisfies EditorHooks
