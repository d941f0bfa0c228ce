import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseOptions } from '../../../../core/node/spec.ts'
import { AwsAccess, endpointsOf } from '../../../../palettes/aws/core/access.ts'
import { awsProblem, isDenied, isInvalid, saidBy } from '../../../../palettes/aws/core/problem.ts'
import { accessOf } from '../../../../palettes/aws/nodes/aws-access/logic.ts'
import { spec } from '../../../../palettes/aws/nodes/aws-access/spec.ts'

const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'hush' }
const access = (options: object) => accessOf(parseOptions(spec, options as Record<string, unknown>))

describe('aws-access', () => {
  for (const [what, options, message] of [
    ['no keys', {}, /Access key id: is required[\s\S]*Secret access key: is required/],
    ['an endpoint that is none', { ...keys, endpoint: 'kinesis' }, /Endpoint: .*is no URL/],
    [
      'a password in the endpoint',
      { ...keys, endpoint: 'https://user:hush@host' },
      /must not have a user name or password/
    ],
    ['a role that is no ARN', { ...keys, roleArn: 'millrace' }, /the ARN of a role/]
  ] as const) {
    it(`says what is wrong: ${what}`, () => {
      assert.throws(
        () => access(options),
        (error: Error) => message.test(error.message) && !/hush/.test(error.message)
      )
    })
  }

  it('needs no keys where the machine has some', () => {
    assert.equal(access({ login: 'chain' }).where, 'eu-central-1')
    const own = access({ login: 'chain', endpoint: 'http://127.0.0.1:4568' })
    assert.equal(own.where, 'eu-central-1, 127.0.0.1:4568')
  })

  it('asks other services at an endpoint only where it may be of all', () => {
    const of = (options: object) => endpointsOf(access({ ...keys, ...options }).settings)
    for (const endpoint of [
      'https://vpce-0123.kinesis.eu-central-1.vpce.amazonaws.com',
      'https://kinesis.cn-north-1.amazonaws.com.cn',
      'https://kinesis.eu-central-1.api.aws'
    ])
      assert.deepEqual(of({ endpoint }), { kinesis: endpoint, tables: '', sts: '' })
    const local = 'http://127.0.0.1:4566'
    assert.deepEqual(of({ endpoint: local }), { kinesis: local, tables: local, sts: local })
    const [tables, sts] = ['http://tables', 'http://sts']
    const own = { endpoint: local, tableEndpoint: tables, stsEndpoint: sts }
    assert.deepEqual(of(own), { kinesis: local, tables, sts })
  })

  it('does not wait long for the keys of a role', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const roleArn = 'arn:aws:iam::123456789012:role/millrace'
    const { settings } = access({ ...keys, roleArn, endpoint: `http://127.0.0.1:${port}` })
    const kinesis = await new AwsAccess(settings, 200).kinesis()
    try {
      await assert.rejects(kinesis.config.credentials(), /200 ms|timeout/i)
    } finally {
      kinesis.destroy()
      silent.closeAllConnections()
      silent.close()
    }
  })
})

describe('what AWS answers', () => {
  const answered = (name: string, message: string, httpStatusCode = 400) =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })

  for (const [error, code, short, needsPerson] of [
    [answered('UnrecognizedClientException', 'No.'), 'AWS_REFUSED', 'access key refused', true],
    [answered('ExpiredTokenException', 'It is over'), 'AWS_REFUSED', 'session token expired', true],
    [answered('ResourceNotFoundException', 'None'), 'AWS_NOT_FOUND', 'not found', true],
    [answered('LimitExceededException', 'Rate'), 'AWS_REQUEST_FAILED', 'throttled', false],
    [answered('InternalFailure', '', 500), 'AWS_REQUEST_FAILED', 'AWS away', false],
    [answered('ValidationException', 'Bad'), 'AWS_REQUEST_FAILED', 'request refused', true],
    [
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      'AWS_UNREACHABLE',
      'AWS away',
      false
    ]
  ] as const) {
    it(`${error.name}: ${short}`, () => {
      const problem = awsProblem(error, 'stream "s"', 'eu-central-1')
      assert.deepEqual(
        [problem.code, problem.short, problem.needsPerson],
        [code, short, needsPerson]
      )
      assert.match(problem.message, /stream "s"/)
    })
  }

  it('shows nothing that repeats the request', () => {
    const text = `The signature does not match. The Canonical String for this request should have been 'x-amz-security-token:hush'\nhush`
    assert.equal(
      saidBy(answered('InvalidSignatureException', text)),
      'InvalidSignatureException, The signature does not match'
    )
  })

  it('tells a request that is wrong from one that comes at a bad time', () => {
    assert.ok(isInvalid(answered('ValidationException', '')))
    assert.ok(isInvalid(answered('RequestEntityTooLarge', '', 413)))
    assert.ok(!isInvalid(answered('ProvisionedThroughputExceededException', '')))
    assert.ok(!isInvalid(answered('AccessDeniedException', '')))
  })

  it('tells a right that is missing from a role that cannot be taken on', () => {
    assert.ok(isDenied(answered('AccessDeniedException', 'not authorized to perform: kinesis:Put')))
    const role = 'User: some is not authorized to perform: sts:AssumeRole on resource: some'
    assert.ok(!isDenied(answered('AccessDenied', role, 403)))
  })
})
