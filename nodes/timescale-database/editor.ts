import { hostsIn } from '../../core/address.ts'
import type { EditorHooks, Values } from '../../core/editor/types.ts'

export default {
  label: ({ connection, url, host, database }) =>
    connection === 'fields' ? `${host}/${database}` : withoutPassword(String(url)),
  shows: (field, values) => field !== 'target' || hasSeveralHosts(values)
} satisfies EditorHooks

/** Flows are shown to people who need not know it. */
const withoutPassword = (url: string): string =>
  url.replace(/^\w+:\/\//, '').replace(/:[^:@/]*@/, '@')

/** What a variable of the environment holds is not known here. */
function hasSeveralHosts({ connection, url, host }: Values): boolean {
  const text = String(connection === 'fields' ? host : url)
  if (text.includes('${')) return true
  const places =
    connection === 'fields' ? text : (/^\w+:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? '')
  return hostsIn(places, 1).length > 1
}
