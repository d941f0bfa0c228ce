import { readFile } from 'node:fs/promises'
import { MillraceError } from '../../errors.ts'

/** What AWS knows a caller by. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary keys only. */
  readonly sessionToken?: string
}

const TIMEOUT_MS = 2_000
const CONTAINER_HOST = 'http://169.254.170.2'
const INSTANCE_HOST = 'http://169.254.169.254'
const ROLES = `${INSTANCE_HOST}/latest/meta-data/iam/security-credentials/`

/**
 * The keys of the machine that this runs on, looked for where AWS' own clients look and in their
 * order: environment variables, the role of a service account (EKS), the container (ECS, EKS Pod
 * Identity), the instance (EC2, IMDSv2). Files of profiles are not read.
 * @throws MillraceError KAFKA_CONNECT_FAILED where there are none
 */
export async function machineCredentials(
  region: string,
  environment: NodeJS.ProcessEnv = process.env
): Promise<AwsCredentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY)
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {})
    }
  const { AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE } = environment
  if (AWS_ROLE_ARN && AWS_WEB_IDENTITY_TOKEN_FILE) return ofServiceAccount(region, environment)
  const found = (await ofContainer(environment)) ?? (await ofInstance(environment))
  if (found !== undefined) return found
  throw new MillraceError(
    'KAFKA_CONNECT_FAILED',
    'No AWS keys were found: give them in the dialog, as environment variables, or give the machine a role.'
  )
}

/** AssumeRoleWithWebIdentity: whoever is meant to be this role must not be another instead. */
async function ofServiceAccount(
  region: string,
  environment: NodeJS.ProcessEnv
): Promise<AwsCredentials> {
  const { AWS_ROLE_ARN = '', AWS_WEB_IDENTITY_TOKEN_FILE = '', AWS_ROLE_SESSION_NAME } = environment
  const server = environment.AWS_ENDPOINT_URL_STS || `https://sts.${region}.amazonaws.com`
  const token = await readFile(AWS_WEB_IDENTITY_TOKEN_FILE, 'utf8').catch(() => '')
  const query = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: AWS_ROLE_ARN,
    RoleSessionName: AWS_ROLE_SESSION_NAME || 'millrace',
    WebIdentityToken: token.trim()
  })
  const text = await asked(server, 'POST', {}, query)
  const found = text === undefined ? undefined : assumedIn(text)
  if (found !== undefined) return found
  throw new MillraceError(
    'KAFKA_CONNECT_FAILED',
    `AWS gives no keys for the role ${AWS_ROLE_ARN}: does it trust this service account, and can ${server} be reached?`
  )
}

/** Of an answer in XML, whose keys have no character that it would escape. */
function assumedIn(text: string): AwsCredentials | undefined {
  const of = (tag: string) => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(text)?.[1]
  const [accessKeyId, secretAccessKey] = [of('AccessKeyId'), of('SecretAccessKey')]
  const sessionToken = of('SessionToken')
  if (!accessKeyId || !secretAccessKey || !sessionToken) return undefined
  return { accessKeyId, secretAccessKey, sessionToken }
}

async function ofContainer(environment: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  const relative = environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
  const url = relative
    ? `${CONTAINER_HOST}${relative}`
    : environment.AWS_CONTAINER_CREDENTIALS_FULL_URI
  if (!url) return undefined
  const file = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  const authorization = file
    ? (await readFile(file, 'utf8')).trim()
    : environment.AWS_CONTAINER_AUTHORIZATION_TOKEN
  const text = await asked(url, 'GET', authorization ? { authorization } : {})
  return text === undefined ? undefined : credentialsIn(text)
}

async function ofInstance(environment: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  if (environment.AWS_EC2_METADATA_DISABLED === 'true') return undefined
  const token = await asked(`${INSTANCE_HOST}/latest/api/token`, 'PUT', {
    'x-aws-ec2-metadata-token-ttl-seconds': '60'
  })
  if (token === undefined) return undefined
  const headers = { 'x-aws-ec2-metadata-token': token }
  const role = (await asked(ROLES, 'GET', headers))?.split('\n')[0]?.trim()
  const text = role ? await asked(`${ROLES}${role}`, 'GET', headers) : undefined
  return text === undefined ? undefined : credentialsIn(text)
}

/** Undefined where nothing is there, or says no. */
async function asked(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: URLSearchParams
): Promise<string | undefined> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: over.signal,
      ...(body ? { body } : {})
    })
    const text = await response.text()
    return response.ok ? text : undefined
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

function credentialsIn(text: string): AwsCredentials | undefined {
  try {
    const found = JSON.parse(text) as Partial<Record<string, string>>
    const { AccessKeyId, SecretAccessKey, Token } = found
    if (!AccessKeyId || !SecretAccessKey) return undefined
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(Token ? { sessionToken: Token } : {})
    }
  } catch {
    return undefined
  }
}
