/** What a node has learnt of its servers and its work, as far as checks ask for it. */
export interface Learnt {
  /** The most that it has taken in a second, over half a minute. */
  readonly recordsPerSecond?: number
  /** Of a member of a consumer group that has joined. */
  readonly partitions?: number
  readonly group?: string
  readonly table?: TablePolicies
  /** In a sentence, and how to mend it, where nothing keeps a record out that comes twice. */
  readonly unprotected?: string
}

export interface TablePolicies {
  readonly name: string
  /** It is no hypertable. */
  readonly isPlain: boolean
  readonly hasTimescale: boolean
  readonly hasRetention: boolean
  readonly hasCompression: boolean
  /** It holds one row a device, so that it does not grow. */
  readonly isSmall: boolean
  /** What a person can run for what it has not, each statement with its semicolon. */
  readonly statements: {
    readonly hypertable: string
    readonly retention: string
    readonly compression: string
  }
}
