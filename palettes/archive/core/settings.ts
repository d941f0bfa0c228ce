/** What the node "archive store" says of a store. */
export type StoreSettings = FolderSettings | S3Settings | AzureSettings

export interface FolderSettings {
  readonly kind: 'folder'
  readonly folder: string
  /** It is made where it is missing at the start. */
  readonly isMade: boolean
}

export interface S3Settings {
  readonly kind: 's3'
  readonly bucket: string
  /** All paths are below it; it is empty, or ends with a slash. */
  readonly prefix: string
  /** Empty for that of Amazon. */
  readonly endpoint: string
  readonly region: string
  /** The bucket stands in the path, not in the name of the host. */
  readonly pathStyle: boolean
  /** Empty where the machine has its own: a role, the environment, a profile. */
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken: string
}

export interface AzureSettings {
  readonly kind: 'azure'
  readonly container: string
  readonly prefix: string
  readonly login: 'connection' | 'key' | 'sas'
  readonly connectionString: string
  /** Of the account, for a key or a SAS. */
  readonly address: string
  readonly account: string
  readonly secret: string
}

/** For sentences: without keys. */
export function shownStore(settings: StoreSettings): string {
  if (settings.kind === 'folder') return settings.folder
  const { prefix } = settings
  return settings.kind === 's3'
    ? `s3://${settings.bucket}/${prefix}`
    : `azure://${settings.container}/${prefix}`
}
