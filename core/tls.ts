import { createSecureContext } from 'node:tls'

/** Certificates and checks, as Node-RED's tls-config gives them. */
export interface TlsOptions {
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  passphrase?: string
  servername?: string
  rejectUnauthorized?: boolean
  ALPNProtocols?: string[]
}

/**
 * Said where a chosen TLS configuration gives no options: nothing is then sent over a plain
 * connection instead.
 */
export const TLS_UNUSABLE =
  'the TLS configuration is missing, or its certificates cannot be read or used'

interface TlsConfigNode {
  readonly valid?: boolean
  addTLSOptions?(options: TlsOptions): TlsOptions
}

/**
 * What the tls-config node of this id gives; undefined without an id, and where the node is missing
 * or cannot be used.
 */
export function tlsOptionsOf(
  RED: { readonly nodes: { getNode(id: string): unknown } },
  id: string
): TlsOptions | undefined {
  const node = id === '' ? null : (RED.nodes.getNode(id) as TlsConfigNode | null)
  const options = node?.valid === false ? undefined : node?.addTLSOptions?.({})
  return options === undefined || tlsProblem(options) !== undefined ? undefined : options
}

/**
 * Why certificates, key or passphrase cannot be used; clients would throw it where nobody catches
 * it.
 */
export function tlsProblem(options: TlsOptions): string | undefined {
  try {
    createSecureContext(options)
    return undefined
  } catch (error) {
    return `its certificate, key or passphrase cannot be used (${(error as Error).message})`
  }
}
