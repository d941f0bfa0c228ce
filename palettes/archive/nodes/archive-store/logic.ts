import { isAbsolute, join } from 'node:path'
import { type Options, OptionsError } from '@millrace/node-red-telemetry'
import type { StoreSettings } from '../../core/settings.ts'
import { spec } from './spec.ts'

export type StoreOptions = Options<typeof spec>

/** @throws OptionsError where something of the access is missing */
export function settingsOf(options: StoreOptions, userDir: string): StoreSettings {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const prefix =
    options.prefix === '' || options.prefix.endsWith('/') ? options.prefix : `${options.prefix}/`
  switch (options.kind) {
    case 'folder': {
      const { folder, make } = options
      return {
        kind: 'folder',
        folder: isAbsolute(folder) ? folder : join(userDir, folder),
        isMade: make
      }
    }
    case 's3': {
      const { bucket, endpoint, region, pathStyle, accessKey, secretKey, sessionToken } = options
      return {
        kind: 's3',
        bucket,
        prefix,
        endpoint,
        region,
        pathStyle,
        accessKey,
        secretKey,
        sessionToken
      }
    }
    case 'azure': {
      const { container, login, connectionString, address, account, azureKey: secret } = options
      return { kind: 'azure', container, prefix, login, connectionString, address, account, secret }
    }
  }
}

function problemsOf(options: StoreOptions): string[] {
  const say = (field: keyof typeof spec.fields, what: string) =>
    `${spec.fields[field].label}: ${what}`
  const { kind, accessKey, secretKey, login, connectionString, azureKey } = options
  if (kind === 's3' && (accessKey === '') !== (secretKey === ''))
    return [say('secretKey', 'goes with an access key, and the other way round')]
  if (kind === 'azure' && login === 'connection' && connectionString === '')
    return [say('connectionString', 'is required')]
  if (kind === 'azure' && login !== 'connection' && azureKey === '')
    return [say('azureKey', 'is required')]
  return []
}
