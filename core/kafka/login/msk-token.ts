import aws4 from 'aws4'
import type { AwsCredentials } from './aws-credentials.ts'
import type { LoginToken } from './token-source.ts'

/** The longest that MSK takes. */
const LIFE_S = 900

/**
 * The token by which Amazon MSK knows an IAM user or role: a request to connect, signed (Signature
 * Version 4, in the query) and put into base64url
 * (https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html).
 */
export function mskToken(
  region: string,
  credentials: AwsCredentials,
  nowMs = Date.now()
): LoginToken {
  const host = `kafka.${region}.amazonaws.com`
  const query = new URLSearchParams({
    Action: 'kafka-cluster:Connect',
    'X-Amz-Date': new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, ''),
    'X-Amz-Expires': String(LIFE_S)
  })
  const { path } = aws4.sign(
    { host, path: `/?${query}`, service: 'kafka-cluster', region, signQuery: true },
    credentials
  )
  // The name of the client is not part of what is signed.
  const url = `https://${host}${path}&User-Agent=millrace`
  return {
    value: Buffer.from(url).toString('base64url'),
    expiresMs: nowMs + LIFE_S * 1000
  }
}
