import assert from 'node:assert/strict'
import { compileSchema } from '../../../nodes/validate/schema.ts'

const LONG = 'a'.repeat(63)

const cases: [format: string, valid: string[], invalid: string[]][] = [
  [
    'date-time',
    [
      '2024-02-29T23:59:59Z',
      '1985-04-12t23:20:50.52z',
      '1998-12-31T23:59:60Z',
      '1998-12-31T15:59:60.1-08:00',
      '2024-01-01 00:00:00+01:00',
      '2024-01-01T00:00:00.123456789012345Z'
    ],
    [
      '1985-04-12T23:60:00+00:01',
      '2016-12-31T24:59:60+01:00',
      '1998-12-31T22:59:60Z',
      '2023-02-29T00:00:00Z',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00+01',
      '2024-13-01T00:00:00Z',
      `2024-01-01T00:00:00.${'1'.repeat(1000)}Z`,
      '২024-01-01T00:00:00Z'
    ]
  ],
  ['date', ['2000-02-29', '2024-12-31'], ['1900-02-29', '2024-00-10', '2024-01-32', '2024-1-1', '2024-01-01\n']],
  [
    'time',
    ['08:30:06Z', '23:59:60Z', '01:29:60+01:30'],
    ['08:60:00Z', '24:00:00Z', '08:30:06', '22:59:60Z', '08:30:06-24:00', '00:00:60+00:00']
  ],
  ['duration', ['P4DT12H30M5S', 'P2W', 'PT1M', 'P1Y2M3D'], ['P', 'PT', 'P1YT', 'P1Y2W', 'P1Y3D', 'PT1H3S', '1D']],
  [
    'hostname',
    ['a', 'example.com', '3com.net', `${LONG}.${LONG}`, 'xn--4gbwdl.xn--wgbh1c', 'xn--zca'],
    ['', '.', 'a.', '-a', 'a-', 'a_b', `a${LONG}`, 'ab--cd', 'xn--X', 'xn--07jt112bpxg', `${'a.'.repeat(127)}ab`]
  ],
  [
    'email',
    ['a@b.c', "o'neil+x@example.org", '"a b"@example.org', 'a@[127.0.0.1]', 'a@[IPv6:::1]'],
    ['a', '@b.c', 'a.@b.c', '.a@b.c', 'a..b@c.d', 'a@-b', 'a@[127.0.0.300]', `${'a'.repeat(65)}@b.c`]
  ],
  ['ipv4', ['127.0.0.1'], ['127.0.0', '01.1.1.1', '256.1.1.1', '1.1.1.1 ']],
  ['ipv6', ['::1', 'fe80::a:1', '::ffff:1.2.3.4'], ['fe80::1%eth0', '::ffff:01.2.3.4', '1::2::3', '12345::']],
  [
    'uri',
    ['http://a.b/c?d#e', 'urn:a:b', 'mailto:a@b.c', 'http://u:p@[::1]:80/'],
    ['//a.b', 'abc', 'http://a:b/', 'http://[::1', 'http://a b', 'a\\b:', 'http://a/%zz', 'http://a@b@c/']
  ],
  ['uri-reference', ['', '/a', 'a/b:c', '//a.b', '?q', '#f'], ['a b', 'a:b:"', '1a:b', '\\a', '/a[b]']],
  ['uri-template', ['http://a.b/{c}', '{a.b,c*}', "'a'"], ['{', 'a{b', '{a b}']],
  ['uuid', ['2eb8aa08-aa98-11ea-b4aa-73b441d16380'], ['2eb8aa08aa9811eab4aa73b441d16380', 'urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380']],
  ['json-pointer', ['', '/a~0b/~1'], ['a', '/~2']],
  ['regex', ['^a+$', '(a)\\1', '\\-'], ['(', 'a**', '\\a']]
]

describe('nodes/validate/formats', () => {
  for (const [format, valid, invalid] of cases) {
    it(`${format}, in every draft`, () => {
      for (const draft of ['04', '06', '07', '2019-09', '2020-12'] as const) {
        const check = compileSchema({ format }, { draft, coerce: false })
        for (const text of valid) assert.ok(check(text), `"${text}" is valid`)
        for (const text of invalid) assert.ok(!check(text), `"${text}" is not valid`)
      }
    })
  }
})
