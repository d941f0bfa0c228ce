import type { InfluxSettings } from '../../core/influx/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { spec } from './spec.ts'

/**
 * How to reach the server, from the options. `tls` is what the chosen TLS configuration gives.
 * @throws OptionsError where the TLS configuration is missing
 */
export function settingsOf(
  options: Options<typeof spec>,
  tls: TlsOptions | undefined
): InfluxSettings {
  const { service, api, url, org, token, user, password, timeoutS } = options
  if (options.tls !== '' && tls === undefined)
    throw OptionsError.between(spec, [['tls', TLS_UNUSABLE]])
  return {
    service,
    api,
    url: url.replace(/\/+$/, ''),
    org,
    token,
    user,
    password,
    tls,
    timeoutMs: timeoutS * 1000
  }
}
