import type { Pick, Saying, Stating } from '../node/spec.ts'
import type { NodeType } from './check.ts'
import type { ProbeQuestion } from './probe.ts'
import type { EditorNode } from './red.ts'
import { say } from './texts-of.ts'
import type { Values } from './types.ts'

/** Which configuration node can answer; where a colon stands in it, what is asked for names it. */
const ANSWERS: Readonly<Record<Exclude<Pick, `${string}:${string}`>, string>> = {
  'kafka-topics': 'millrace-kafka-cluster',
  'kafka-groups': 'millrace-kafka-cluster',
  'mqtt-messages': 'millrace-mqtt-broker',
  'kafka-messages': 'millrace-kafka-cluster',
  tables: 'millrace-timescale-database',
  columns: 'millrace-timescale-database'
}

const answeringOf = (pick: Pick | Saying | Stating): string =>
  pick.includes(':') ? pick.split(':', 1)[0]! : ANSWERS[pick as keyof typeof ANSWERS]

/** What an open dialog is about. */
interface Asking {
  readonly type: NodeType
  readonly node: EditorNode
  values(): Values
}

/**
 * What to ask for this dialog: its own values if it is the configuration node that answers, else
 * those of the node that it refers to, with the texts of the form as the query (columns are of a
 * table). A sentence if none is chosen yet.
 */
export function questionOf(
  dialog: Asking,
  pick: Pick | Saying | Stating | undefined
): ProbeQuestion | string {
  const { type, node } = dialog
  const values = dialog.values()
  const answering = pick === undefined ? type.spec.type : answeringOf(pick)
  if (answering === type.spec.type)
    return {
      type: answering,
      id: node.id,
      values,
      query: texts(values),
      tls: tlsOf(node.type, values)
    }
  const [name, field] =
    Object.entries(type.spec.fields).find(
      ([, other]) => other.kind === 'ref' && other.type === answering
    ) ?? []
  const config = name === undefined ? null : window.RED.nodes.node(String(values[name] ?? ''))
  if (!config) return `${say('chooseFirst')} ${field?.label ?? answering}.`
  const asked = valuesOf(config)
  return {
    type: answering,
    id: config.id,
    values: asked,
    query: texts(values),
    tls: tlsOf(config.type, asked)
  }
}

/**
 * The TLS configuration that these values of a configuration node name, as the editor holds it:
 * maybe not deployed yet.
 */
function tlsOf(type: string, values: Values): Values | undefined {
  const defaults = Object.entries(window.RED.nodes.getType(type)?.defaults ?? {})
  const [name] =
    defaults.find(([, field]) => (field as { type?: string }).type === 'tls-config') ?? []
  const config = name === undefined ? null : window.RED.nodes.node(String(values[name] ?? ''))
  return config ? valuesOf(config) : undefined
}

/**
 * A node's values as the editor holds them, with the secrets that were typed in since the editor
 * was loaded.
 */
function valuesOf(config: EditorNode): Values {
  const { defaults = {} } = window.RED.nodes.getType(config.type) ?? {}
  const values = Object.fromEntries(Object.keys(defaults).map(name => [name, config[name]]))
  const secrets = Object.entries(config.credentials ?? {}).filter(
    ([name, value]) => typeof value === 'string' && name !== '_'
  )
  return { ...values, ...Object.fromEntries(secrets) }
}

const texts = (values: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string'
    )
  )
