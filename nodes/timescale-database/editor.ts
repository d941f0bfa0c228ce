import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ connection, url, host, database }) =>
    connection === 'fields' ? `${host}/${database}` : withoutPassword(String(url))
} satisfies EditorHooks

/** Flows are shown to people who need not know it. */
const withoutPassword = (url: string): string =>
  url.replace(/^\w+:\/\//, '').replace(/:[^:@/]*@/, '@')
