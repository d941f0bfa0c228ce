import { reasonOf } from '../../core/errors.ts'
import { machineCredentials } from '../../core/kafka/login/aws-credentials.ts'
import { mskToken } from '../../core/kafka/login/msk-token.ts'
import { tokenOf } from '../../core/kafka/login/token-server.ts'
import { type LoginToken, TokenSource } from '../../core/kafka/login/token-source.ts'
import { type ClusterSettings, parseBrokers, type TokenLogin } from '../../core/kafka/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { extensionsIn } from './extensions.ts'
import { serviceOf } from './services.ts'
import { spec } from './spec.ts'

export type ClusterOptions = Options<typeof spec>

/**
 * The settings of these options.
 * @throws OptionsError that lists all that is wrong
 */
export function settingsOf(options: ClusterOptions, tls: TlsOptions | undefined): ClusterSettings {
  const problems: string[] = []
  const noted = <T>(work: () => T, otherwise: T): T => {
    try {
      return work()
    } catch (error) {
      problems.push(reasonOf(error))
      return otherwise
    }
  }
  const brokers = noted(() => parseBrokers(options.brokers), [])
  const extensions = noted(() => extensionsIn(options.extensions), {})
  if (options.tls !== '' && tls === undefined)
    problems.push(`${spec.fields.tls.label}: ${TLS_UNUSABLE}`)
  const missing = missingSecret(options)
  if (missing !== undefined) problems.push(`${spec.fields[missing].label}: is required`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const service = serviceOf(options.service)
  const encryption = tls ?? (service && {})
  const sasl = loginOf(options, extensions)
  return {
    brokers,
    clientId: options.clientId,
    ...(encryption ? { tls: encryption } : {}),
    ...(sasl ? { sasl } : {}),
    ...(service?.requestTimeoutMs ? { requestTimeoutMs: service.requestTimeoutMs } : {}),
    ...(service?.compressions ? { compressions: service.compressions } : {})
  }
}

/** The field of a secret without which the chosen login cannot work. */
function missingSecret(options: ClusterOptions) {
  const { sasl, password, tokenSecret, accessKeyId, secretAccessKey } = options
  if (sasl === 'none') return undefined
  if (sasl === 'oauthbearer') return tokenSecret === '' ? 'tokenSecret' : undefined
  if (sasl === 'aws-iam')
    return accessKeyId !== '' && secretAccessKey === '' ? 'secretAccessKey' : undefined
  return password === '' ? 'password' : undefined
}

function loginOf(
  options: ClusterOptions,
  extensions: TokenLogin['extensions']
): ClusterSettings['sasl'] {
  const { sasl, username, password } = options
  if (sasl === 'none') return undefined
  if (sasl !== 'oauthbearer' && sasl !== 'aws-iam') return { mechanism: sasl, username, password }
  const source = new TokenSource(() => askForToken(options))
  const by = sasl === 'aws-iam' ? 'aws' : 'server'
  return { mechanism: 'oauthbearer', by, token: () => source.value(), extensions }
}

async function askForToken(options: ClusterOptions): Promise<LoginToken> {
  if (options.sasl === 'oauthbearer') {
    const { tokenUrl: url, tokenClient: clientId, tokenSecret: clientSecret, scope } = options
    return tokenOf({ url, clientId, clientSecret, scope })
  }
  const { region, accessKeyId, secretAccessKey } = options
  const keys =
    accessKeyId === '' ? await machineCredentials(region) : { accessKeyId, secretAccessKey }
  return mskToken(region, keys)
}
