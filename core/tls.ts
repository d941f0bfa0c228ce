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

/** Said where a chosen TLS configuration gives no options: nothing is then sent over a plain connection instead. */
export const TLS_UNUSABLE = 'the TLS configuration is missing or cannot be read'

interface TlsConfigNode {
  readonly valid?: boolean
  addTLSOptions?(options: TlsOptions): TlsOptions
}

/** What the tls-config node of this id gives; undefined without an id, and where the node is missing or its files cannot be read. */
export function tlsOptionsOf(RED: { readonly nodes: { getNode(id: string): unknown } }, id: string): TlsOptions | undefined {
  const node = id === '' ? null : (RED.nodes.getNode(id) as TlsConfigNode | null)
  return node?.valid === false ? undefined : node?.addTLSOptions?.({})
}
