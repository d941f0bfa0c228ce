import assert from 'node:assert/strict'
import { retryAfterMs } from '../../../core/http-client.ts'
import { type Verdict, verdictOf } from '../../../core/influx/answer.ts'
import type { ProductName } from '../../../core/influx/products.ts'
import { loginOf, writePath } from '../../../core/influx/settings.ts'

const LINES = ['m v=1 1', 'm v="x" 2', 'm v= 3', 'm v=4 4']
const json = 'application/json'

const answered = (
  status: number,
  body: unknown = '',
  type = json,
  service: ProductName = 'influx1',
  lines = LINES
): Verdict =>
  verdictOf(
    { status, type, body: typeof body === 'string' ? body : JSON.stringify(body) },
    lines,
    service
  )

const partial = (says: string) => ({ error: `partial write: ${says}` })
const CONFLICT =
  'field type conflict: input field "v" on measurement "m" is type string, already exists as type float'
const QUEST =
  'failed to parse line protocol:errors encountered on line(s):\nerror in line 2: table: m, column: v; cast error from protocol type: STRING to column type: DOUBLE'

describe('the answer to a write', () => {
  const cases: [what: string, verdict: Verdict, wanted: string][] = [
    ['stored', answered(204), 'stored'],
    ['stored, 200 without a word', answered(200), 'stored'],
    ['200 of a page', answered(200, '<html>', 'text/html'), 'setting no such service'],
    ['200 with an error', answered(200, { error: 'x' }), 'setting no such service'],
    ['a redirect', answered(302), 'setting no such service'],
    ['InfluxDB 1: a type of two', answered(400, partial(`${CONFLICT} dropped=1`)), 'some'],
    ['InfluxDB 1: none stored', answered(400, partial(`${CONFLICT} dropped=4`)), 'all'],
    ['InfluxDB 1: a batch with two types', answered(400, { error: 'field type conflict' }), 'some'],
    [
      'InfluxDB 1: too old',
      answered(400, partial('points beyond retention policy dropped=2')),
      'some'
    ],
    [
      'InfluxDB 1: a line that is none',
      answered(400, { error: "unable to parse 'm v= 3': missing field value" }),
      'lines 2'
    ],
    [
      'InfluxDB 1: two of them',
      answered(
        400,
        partial(
          "unable to parse 'm v= 3': missing field value\nunable to parse 'm v=4 4': bad dropped=0"
        )
      ),
      'lines 2,3'
    ],
    [
      'InfluxDB 1: a line of somebody else',
      answered(400, { error: "unable to parse 'x': missing fields" }),
      'some'
    ],
    [
      'InfluxDB 1: database',
      answered(404, { error: 'database not found: "x"' }),
      'setting database missing'
    ],
    [
      'InfluxDB 1: retention policy',
      answered(500, { error: 'retention policy not found: x' }),
      'setting retention policy missing'
    ],
    [
      'a line that looks like a setting',
      answered(400, { error: "unable to parse 'database not found v=': missing field value" }),
      'some'
    ],
    ['InfluxDB 1: 500', answered(500, { error: 'timeout' }), 'doubtful true'],
    [
      'InfluxDB 2: login',
      answered(401, { code: 'unauthorized', message: 'unauthorized access' }),
      'setting login refused'
    ],
    ['no right', answered(403, { message: 'forbidden' }), 'setting not allowed'],
    [
      'InfluxDB 2: bucket',
      answered(404, { code: 'not found', message: 'bucket "x" not found' }),
      'setting bucket missing'
    ],
    [
      'InfluxDB 2: organization',
      answered(404, { message: 'organization name "x" not found' }),
      'setting organization missing'
    ],
    [
      'InfluxDB 2: a type of two',
      answered(422, {
        code: 'unprocessable entity',
        message: `failure writing points to database: partial write: ${CONFLICT} dropped=1`
      }),
      'some'
    ],
    [
      'InfluxDB 2: the first bad line',
      answered(400, { code: 'invalid', message: 'failed to parse', line: 3 }),
      'lines 2'
    ],
    [
      'InfluxDB 3: partial',
      answered(400, {
        error: 'partial write of line protocol occurred',
        data: [
          { original_line: 'm v="x" 2', line_number: 2, error_message: 'type' },
          { original_line: 'm v= 3', line_number: 3, error_message: 'no value' }
        ]
      }),
      'lines 1,2'
    ],
    [
      'InfluxDB 3: one',
      answered(400, {
        error: 'parsing failed for write_lp endpoint',
        data: { original_line: 'm v= 3', line_number: 3, error_message: 'no value' }
      }),
      'lines 2'
    ],
    [
      'InfluxDB 3 in the cloud',
      answered(
        400,
        {
          code: 'invalid',
          message: 'errors encountered on line(s):\nline 2: bad type\nline 4: bad time'
        },
        json,
        'influx3'
      ),
      'lines 1'
    ],
    ['QuestDB', answered(400, { code: 'invalid', message: QUEST }, json, 'questdb'), 'lines 1'],
    [
      'QuestDB: a number is behind the message',
      answered(400, { message: 'x', line: 2 }),
      'lines 1'
    ],
    [
      'QuestDB: 500 with a line',
      answered(500, { code: 'internal error', message: 'write error: q', line: 1 }),
      'lines 0'
    ],
    [
      'a line that was not sent',
      answered(400, { message: 'line 99: x' }, json, 'questdb'),
      'doubtful false'
    ],
    [
      'VictoriaMetrics',
      answered(
        400,
        'cannot process influx line protocol data: incorrect influx line "m v="',
        'text/plain'
      ),
      'some'
    ],
    ['nobody knows', answered(400, { error: 'no' }), 'doubtful false'],
    ['a proxy', answered(400, '<html>bad request</html>', 'text/html'), 'setting no such service'],
    ['too large', answered(413), 'too large'],
    ['too often', answered(429), 'busy'],
    ['busy', answered(503), 'busy'],
    ['gateway', answered(502, '<html>', 'text/html'), 'away'],
    ['nothing there', answered(404, 'page not found', 'text/plain'), 'setting not found'],
    ['not written to', answered(405), 'setting no such service']
  ]
  for (const [what, verdict, wanted] of cases)
    it(`${what}: ${wanted}`, () => assert.equal(shown(verdict), wanted))

  it('tells the words of the server, and not more than a person reads', () => {
    const verdict = answered(400, { code: 'invalid', message: QUEST, line: 2 }, json, 'questdb')
    assert.equal(
      (verdict as unknown as { refused: Map<number, string> }).refused.get(1),
      'table: m, column: v; cast error from protocol type: STRING to column type: DOUBLE'
    )
    const long = answered(503, 'x'.repeat(10_000), 'text/plain') as { says: string }
    assert.ok(long.says.length < 500)
  })

  describe('that repeats what a record holds', () => {
    const refused = (
      guilty: string,
      why: string,
      service: ProductName = 'influx2',
      before = "unable to parse '"
    ) => {
      const message = `${before}${guilty}${why}`
      return shown(answered(400, { message }, json, service, [...LINES, guilty]))
    }
    const claims = '\nline 1: a\nerror in line 2: b\n'
    const quotes = "\nunable to parse 'm v=1 1': x\nunable to parse 'm v=4 4': y"

    it('blames none that is named in a text of it', () => {
      for (const claim of [claims, quotes, "': x", ' dropped=5', "': partial write: x dropped=5"])
        assert.equal(refused(`m s="${claim}",v= 1`, "': missing field value"), 'lines 4', claim)
      const partialWrite = "partial write: unable to parse '"
      assert.equal(
        refused(`m s="${quotes}`, "': bad dropped=0", 'influx1', partialWrite),
        'lines 4'
      )
    })

    it('looks further where it is not certain which line is meant', () => {
      const many = `m s="${"': ".repeat(50)}${quotes}",v= 1`
      assert.equal(refused(many, "': missing field value"), 'some')
      for (const service of ['influx1', 'victoriametrics'] as const)
        assert.equal(refused(claims, ' cannot parse', service, 'x '), 'some')
      for (const service of ['influx3', 'questdb'] as const)
        assert.equal(refused(claims, ' cannot parse', service, 'x '), 'some')
      assert.equal(refused('m v=" dropped=5"', ' is too old', 'influx1', 'partial write: '), 'some')
    })

    it('is read in bounded time', () => {
      const beganMs = performance.now()
      for (const unit of ["': partial write: ", "unable to parse 'x", 'partial write: x', '\n '])
        for (const before of ["unable to parse '", 'partial write: ', ''])
          refused(unit.repeat(1_000_000 / unit.length), '', 'influx2', before)
      assert.ok(performance.now() - beganMs < 3_000)
    })
  })

  it('says how long to wait', () => {
    const nowMs = Date.parse('2024-02-23T15:20:00Z')
    assert.equal(retryAfterMs('7', nowMs), 7_000)
    assert.equal(retryAfterMs('Fri, 23 Feb 2024 15:20:09 GMT', nowMs), 9_000)
    assert.equal(retryAfterMs('Fri, 23 Feb 2024 15:00:00 GMT', nowMs), 0)
    assert.equal(retryAfterMs('999999', nowMs), 600_000)
    assert.equal(retryAfterMs('soon', nowMs), undefined)
    assert.equal(retryAfterMs(undefined, nowMs), undefined)
  })
})

function shown(verdict: Verdict): string {
  if (verdict.kind === 'lines') return `lines ${[...verdict.refused.keys()].join()}`
  if (verdict.kind === 'setting') return `setting ${verdict.words}`
  return verdict.kind === 'doubtful' ? `doubtful ${verdict.isTransient}` : verdict.kind
}

describe('a request to a server of line protocol', () => {
  const settings = {
    service: 'influx2',
    api: 'v2',
    url: 'http://server',
    org: 'my org',
    user: 'user',
    password: 'pass:word',
    token: '',
    tls: undefined,
    timeoutMs: 1000
  } as const
  const target = { database: 'a/b', retention: 'week', precision: 'us' } as const

  it('goes where the server is written to', () => {
    assert.equal(writePath(settings, target), '/api/v2/write?org=my+org&bucket=a%2Fb&precision=us')
    assert.equal(
      writePath({ ...settings, api: 'v1' }, target),
      '/write?db=a%2Fb&rp=week&precision=u'
    )
  })

  it('says who writes', () => {
    assert.equal(loginOf(settings), `Basic ${Buffer.from('user:pass:word').toString('base64')}`)
    assert.equal(loginOf({ ...settings, token: 't' }), 'Token t')
    assert.equal(loginOf({ ...settings, token: 't', service: 'questdb' }), 'Bearer t')
    assert.equal(loginOf({ ...settings, user: '', password: '' }), undefined)
  })
})
