import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { RegistrySettings } from '../../core/registry/registry-client.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { spec } from './spec.ts'

/**
 * How to reach the registry, from the options. `tls` is what the chosen TLS configuration gives.
 * @throws OptionsError where the TLS configuration is missing
 */
export function settingsOf(
  options: Options<typeof spec>,
  tls: TlsOptions | undefined
): RegistrySettings {
  if (options.tls !== '' && tls === undefined)
    throw OptionsError.between(spec, [['tls', TLS_UNUSABLE]])
  return {
    url: options.url.replace(/\/+$/, ''),
    authorization: authorizationOf(options),
    tls,
    timeoutMs: options.timeoutS * 1000
  }
}

function authorizationOf({ token, username, password }: Options<typeof spec>): string | undefined {
  if (token !== '') return `Bearer ${token}`
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
