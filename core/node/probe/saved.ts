import type { NodeAPI } from 'node-red'
import { type TlsOptions, tlsOptionsOf } from '../../tls.ts'

/**
 * A node as it is deployed: its settings as the flow file has them, variables not expanded, and its
 * credentials.
 */
export interface SavedNode {
  readonly values: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, unknown>>
}

/** What of Node-RED's deployed nodes a probe looks at. */
export interface SavedNodes {
  /**
   * The node of this id, if it is of this type: an id alone says nothing about what a secret is
   * for.
   */
  find(id: string, type: string): SavedNode | undefined
  tls(id: string): TlsOptions | undefined
  /** A variable as the node of this id sees it. */
  environment(id: string, name: string): unknown
  /** False where Node-RED's settings forbid certificates from files. */
  readonly allowsFiles: boolean
}

export function nodesOf(RED: NodeAPI): SavedNodes {
  return {
    find(id, type) {
      let values: Record<string, unknown> | undefined
      RED.nodes.eachNode(node => {
        if (node.id === id && node.type === type)
          values = node as unknown as Record<string, unknown>
      })
      return (
        values && {
          values,
          secrets: (RED.nodes.getCredentials(id) as Record<string, unknown> | undefined) ?? {}
        }
      )
    },
    tls: id => tlsOptionsOf(RED, id),
    environment: (id, name) =>
      RED.util.evaluateNodeProperty(name, 'env', RED.nodes.getNode(id) ?? anyNode, {}),
    allowsFiles:
      (RED.settings as { tlsConfigDisableLocalFiles?: unknown }).tlsConfigDisableLocalFiles !== true
  }
}

/** Variables of the process are found without a node of the flow. */
const anyNode = { id: '', type: '', _flow: undefined } as unknown as Parameters<
  NodeAPI['util']['evaluateNodeProperty']
>[2]
