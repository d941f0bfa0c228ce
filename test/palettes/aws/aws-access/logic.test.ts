import assert from 'node:assert/strict'
import { parseOptions } from '../../../../core/node/spec.ts'
import { awsProblem, isInvalid, saidBy } from '../../../../palettes/aws/core/problem.ts'
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
})
