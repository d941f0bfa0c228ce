const DATA_TYPES = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'] as const
const COMMANDS = ['NCMD', 'DCMD'] as const

export type MessageType = (typeof DATA_TYPES)[number] | (typeof COMMANDS)[number]

export const NAMESPACE = 'spBv1.0'

/** What a topic says of its message. */
export interface Address {
  readonly group: string
  readonly type: MessageType
  readonly edgeNode: string
  /** Absent for what is of the edge node itself. */
  readonly device: string | undefined
}

const TYPES: ReadonlySet<string> = new Set([...DATA_TYPES, ...COMMANDS])

/** Sparkplug 3.0, 4.1: spBv1.0/group/type/edge node[/device]. Undefined for any other topic. */
export function addressOf(topic: string): Address | undefined {
  const levels = topic.split('/')
  const [namespace, group, type, edgeNode, device] = levels
  if (namespace !== NAMESPACE || type === undefined || !TYPES.has(type)) return undefined
  if (!group || !edgeNode || levels.length !== (type.startsWith('D') ? 5 : 4) || device === '')
    return undefined
  return { group, type: type as MessageType, edgeNode, device }
}

export const isCommand = (type: MessageType): boolean => type === 'NCMD' || type === 'DCMD'

export const topicOf = (
  group: string,
  type: MessageType,
  edgeNode: string,
  device?: string
): string => `${NAMESPACE}/${group}/${type}/${edgeNode}${device === undefined ? '' : `/${device}`}`

export const stateTopic = (hostId: string): string => `${NAMESPACE}/STATE/${hostId}`
