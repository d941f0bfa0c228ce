import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AwsV4Signer } from 'aws4fetch'
import { machineCredentials } from '../../../core/kafka/login/aws-credentials.ts'
import { mskToken } from '../../../core/kafka/login/msk-token.ts'
import { tokenOf } from '../../../core/kafka/login/token-server.ts'
import { TokenSource } from '../../../core/kafka/login/token-source.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { extensionsIn } from '../../../nodes/kafka-cluster/extensions.ts'
import { SERVICES } from '../../../nodes/kafka-cluster/services.ts'
import { spec } from '../../../nodes/kafka-cluster/spec.ts'
import { SERVICES as MQTT_SERVICES } from '../../../nodes/mqtt-broker/services.ts'
import { spec as brokerSpec } from '../../../nodes/mqtt-broker/spec.ts'
import { ROOT } from '../../house/sources.ts'

const MINUTE = 60_000

describe('a token', () => {
  it('is asked for once for all who need it, and anew when four fifths of its life are over', async () => {
    let nowMs = 0
    let asked = 0
    const source = new TokenSource(
      async () => ({ value: `t${++asked}`, expiresMs: nowMs + 10 * MINUTE }),
      () => nowMs
    )
    assert.deepEqual(await Promise.all([source.value(), source.value()]), ['t1', 't1'])
    nowMs = 8 * MINUTE - 1
    assert.equal(await source.value(), 't1')
    nowMs = 8 * MINUTE
    assert.equal(await source.value(), 't2')
  })

  it('is used on where its server is away, as long as it is good', async () => {
    let nowMs = 0
    let isAway = false
    const source = new TokenSource(
      async () => {
        if (isAway) throw new Error('away')
        return { value: 'good', expiresMs: 10 * MINUTE }
      },
      () => nowMs
    )
    await source.value()
    isAway = true
    nowMs = 9 * MINUTE
    assert.equal(await source.value(), 'good')
    nowMs = 10 * MINUTE
    await assert.rejects(source.value(), /away/)
  })

  it('that lives shorter than kafkajs needs for a login is never used twice', async () => {
    let asked = 0
    const source = new TokenSource(
      async () => ({ value: `t${++asked}`, expiresMs: 20_000 }),
      () => 0
    )
    assert.deepEqual([await source.value(), await source.value()], ['t1', 't2'])
  })
})

describe('a token server', () => {
  let server: Server
  let url = ''
  let answer: { status: number; body: string; headers?: Record<string, string> }
  let came: { authorization: string | undefined; body: string }

  before(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', part => {
        body += part
      })
      request.on('end', () => {
        came = { authorization: request.headers.authorization, body }
        response.writeHead(answer.status, answer.headers).end(answer.body)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/t`
  })
  after(() => server.close())

  const ask = (scope = '') => tokenOf({ url, clientId: 'a b', clientSecret: 'c:d', scope })

  it('gets id and secret as RFC 6749 has it', async () => {
    answer = { status: 200, body: '{"access_token":"x","expires_in":60}' }
    const { value, expiresMs } = await ask('s1 s2')
    assert.equal(value, 'x')
    assert.ok(Math.abs(expiresMs - Date.now() - 60_000) < 5_000)
    assert.deepEqual(came, {
      authorization: `Basic ${Buffer.from('a+b:c%3Ad').toString('base64')}`,
      body: 'grant_type=client_credentials&scope=s1+s2'
    })
  })

  const troubles: readonly [what: string, given: typeof answer, sentence: RegExp][] = [
    ['no client', { status: 401, body: '{"error":"invalid_client"}' }, /client id or secret \(inv/],
    ['no scope', { status: 400, body: '{"error":"invalid_scope"}' }, /refused the scope "s"/],
    ['a page', { status: 200, body: '<html>' }, /answered without a token/],
    ['no text', { status: 200, body: '{"access_token":7}' }, /answered without a token/],
    ['too much', { status: 200, body: 'x'.repeat(200_000) }, /answered without a token/],
    ['a fault', { status: 503, body: 'c:d' }, /gave no token \(status 503\)/],
    ['elsewhere', { status: 302, body: '', headers: { location: '/x' } }, /cannot be asked/]
  ]
  for (const [what, given, sentence] of troubles)
    it(`that answers with ${what} is told in words, without the secret`, async () => {
      answer = given
      await assert.rejects(ask('s'), (error: Error) => {
        assert.match(error.message, sentence)
        assert.doesNotMatch(error.message, /c:d/)
        return true
      })
    })
})

describe('the token for Amazon MSK', () => {
  it('is signed as another library signs it', async () => {
    const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
    const keys = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalr/K7+EX',
      sessionToken: 's/+='
    }
    const { value, expiresMs } = mskToken('eu-central-1', keys, nowMs)
    assert.equal(expiresMs - nowMs, 900_000)
    const given = new URL(Buffer.from(value, 'base64url').toString())
    const { url } = await new AwsV4Signer({
      url: 'https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Expires=900',
      ...keys,
      service: 'kafka-cluster',
      region: 'eu-central-1',
      datetime: '20260102T030405Z',
      signQuery: true
    }).sign()
    given.searchParams.delete('User-Agent')
    const sorted = ({ searchParams }: URL) => [...searchParams].sort()
    assert.deepEqual(sorted(given), sorted(url))
    assert.match(given.searchParams.get('X-Amz-Signature') ?? '', /^[0-9a-f]{64}$/)
  })

  it('takes the keys of the environment', async () => {
    const environment = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SESSION_TOKEN: 'c'
    }
    assert.deepEqual(await machineCredentials('eu-central-1', environment), {
      accessKeyId: 'a',
      secretAccessKey: 'b',
      sessionToken: 'c'
    })
  })
})

describe('the role of a service account', () => {
  it('is what counts where one is given, and nothing else in its place', async () => {
    let asked = ''
    let status = 200
    const server = createServer((request, response) => {
      request.on('data', part => {
        asked += part
      })
      request.on('end', () =>
        response
          .writeHead(status)
          .end(
            '<R><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken></Credentials></R>'
          )
      )
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const environment = {
        AWS_ROLE_ARN: 'arn:aws:iam::1:role/r',
        AWS_WEB_IDENTITY_TOKEN_FILE: join(ROOT, 'LICENSE'),
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      }
      const keys = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }
      assert.deepEqual(await machineCredentials('eu-west-1', environment), keys)
      const query = new URLSearchParams(asked)
      assert.equal(query.get('RoleArn'), environment.AWS_ROLE_ARN)
      assert.match(query.get('WebIdentityToken') ?? '', /Apache License/)
      status = 403
      await assert.rejects(
        machineCredentials('eu-west-1', environment),
        /AWS gives no keys for the/
      )
    } finally {
      server.close()
    }
  })
})

describe('what goes beside a token', () => {
  it('is read as name and value', () => {
    assert.deepEqual(extensionsIn(' logicalCluster=lkc-1, identityPoolId=pool=1,'), {
      logicalCluster: 'lkc-1',
      identityPoolId: 'pool=1'
    })
    for (const text of ['x', '=1', 'a b=c', 'auth=x', 'a=\u0001'])
      assert.throws(() => extensionsIn(text), /is not of the form name=value/, text)
  })
})

describe('the services of others', () => {
  it('write into fields that there are', () => {
    for (const [name, { settings }] of Object.entries(SERVICES)) {
      for (const field of Object.keys(settings))
        assert.ok(field in spec.fields, `${name}: ${field}`)
      assert.ok(settings.sasl in spec.fields.sasl.choices, name)
    }
    for (const [name, { settings }] of Object.entries(MQTT_SERVICES)) {
      assert.doesNotThrow(() => parseOptions(brokerSpec, settings), name)
      for (const field of Object.keys(settings))
        assert.ok(field in brokerSpec.fields, `${name}: ${field}`)
    }
  })
})
