import { deflateRawSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { either, type Fate, type Kind, letter, type Plain, pick, stored } from './fates.ts'

const LONG = 200_000

const withField = (plain: Plain, name: string, json: string) =>
  JSON.stringify(plain).replace('{', `{${JSON.stringify(name)}:${json},`)
/** A reading whose field has this JSON instead. */
const withJson = (plain: Plain, name: keyof Plain, json: string) =>
  JSON.stringify({ ...plain, [name]: '@' }).replace('"@"', () => json)

const tooWide = () => letter('RECORD_TOO_WIDE')

/** A field that the record may have, with JSON of any form. */
const extra =
  (json: (plain: Plain) => string, fate: (plain: Plain) => Fate = stored): Kind =>
  plain => ({ payload: withField(plain, 'extra', json(plain)), fate: fate(plain) })

/** One of several texts in place of a field's value. */
const oneOf =
  (field: keyof Plain, texts: readonly string[], fate: Fate): Kind =>
  plain => ({ payload: withJson(plain, field, texts[plain.n % texts.length]!), fate })

const quoted = (texts: readonly string[]) => texts.map(text => JSON.stringify(text))

const ODD_TEXTS = [
  "'); DROP TABLE telemetry; --",
  '=HYPERLINK("http://x.invalid")',
  '<script>alert(1)</script>',
  '\\copy\t\\N\n\\.',
  '\\.',
  '\\N',
  '${PATH} {{payload}} %s %n',
  'ü\u0301 \u202e \u2028 \ufeff \uffff 👩‍👩‍👧‍👦 𝕏',
  '\u0001\u0008\u001b[2J\r\n\tx',
  'a'.repeat(10_000)
]

/** Texts that let expressions and parsers go back and forth. */
const costlyTexts = (length: number) => [
  `${'a'.repeat(length)}!`,
  `${'a-'.repeat(length / 2)}!`,
  `x${' '.repeat(length)}x`,
  `${'0'.repeat(length)}x`,
  `${'2024-01-01T00:00:00.'.repeat(length / 20)}x`,
  `${'\\'.repeat(length)}"`,
  `${'a@'.repeat(length / 2)}`,
  `${'.1'.repeat(length / 2)}`
]

export const PAYLOADS: Record<string, Kind> = {
  empty: () => ({ payload: '', fate: letter('PAYLOAD_EMPTY') }),
  'random bytes': (_plain, draw) => ({
    payload: Buffer.from(draw(fc.uint8Array({ minLength: 1, maxLength: 4000 }))),
    fate: letter()
  }),
  'random JSON': (_plain, draw) => ({ payload: draw(fc.json({ maxDepth: 6 })), fate: letter() }),
  'a reading with random JSON in it': (plain, draw) => {
    // Only what the key of a record may be: the forbidden names have kinds of their own.
    const json = draw(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }))
    return { payload: withField(plain, 'extra', JSON.stringify(json)), fate: either }
  },
  'a reading with one byte changed': (plain, draw) => {
    const payload = Buffer.from(JSON.stringify(plain))
    payload[draw(fc.nat(payload.length - 1))] = draw(fc.nat(255))
    return { payload, fate: either }
  },
  'a reading with a byte more': (plain, draw) => {
    const payload = Buffer.from(JSON.stringify(plain))
    const at = draw(fc.nat(payload.length))
    return {
      payload: Buffer.concat([
        payload.subarray(0, at),
        Buffer.from([draw(fc.nat(255))]),
        payload.subarray(at)
      ]),
      fate: either
    }
  },
  'cut off': (plain, draw) => {
    const text = JSON.stringify(plain)
    return {
      payload: text.slice(0, draw(fc.integer({ min: 1, max: text.length - 1 }))),
      fate: letter('JSON_INVALID')
    }
  },
  'deep objects': plain => {
    const depth = [65, 1_000, 20_000][plain.n % 3]!
    return {
      payload: withField(plain, 'extra', '{"a":'.repeat(depth) + 1 + '}'.repeat(depth)),
      fate: letter('PAYLOAD_TOO_DEEP')
    }
  },
  'deep arrays': plain => {
    const depth = [65, 5_000, 90_000][plain.n % 3]!
    return {
      payload: withField(plain, 'extra', '['.repeat(depth) + ']'.repeat(depth)),
      fate: letter('PAYLOAD_TOO_DEEP')
    }
  },
  'open arrays without end': () => ({ payload: '['.repeat(100_000), fate: letter('JSON_INVALID') }),
  'huge numbers as value': oneOf(
    'value',
    ['1e400', '-1e999', `1${'0'.repeat(400)}`],
    letter('JSON_INVALID')
  ),
  'numbers of many digits in a field': extra(
    ({ n }) => ['0.'.concat('1'.repeat(50_000)), '9'.repeat(300), '1e-400'][n % 3]!,
    () => letter('NUMBER_INEXACT')
  ),
  'minus zero in a field': extra(() => '-0'),
  'values that are no numbers': oneOf(
    'value',
    [
      'null',
      'true',
      '[]',
      '{}',
      '"NaN"',
      '"Infinity"',
      '" 23.5"',
      '"0x10"',
      '""',
      '[1]',
      `"${'1'.repeat(100_000)}"`
    ],
    letter()
  ),
  'times that are none': oneOf(
    'ts',
    [
      'true',
      'null',
      '{}',
      '[1]',
      '""',
      '1e300',
      '-1e300',
      '1e-300',
      ...quoted([
        'infinity',
        '-infinity',
        'now',
        'epoch',
        '0000-00-00',
        '2024-02-30T00:00:00Z',
        '2024-01-01T24:00:01Z'
      ]),
      ...quoted([
        `${'9'.repeat(100)}`,
        '+275760-09-13T00:00:00Z',
        '2024-01-01T00:00:00[Nowhere/Place]',
        '2024-01-01T00:00:00+99:99'
      ])
    ],
    letter()
  ),
  'long texts as time': plain => ({
    payload: withJson(plain, 'ts', JSON.stringify(pick(costlyTexts(90_000), plain))),
    fate: letter()
  }),
  'long texts as device': plain => {
    const texts = [...costlyTexts(60), ...costlyTexts(90_000)]
    return {
      payload: withJson(plain, 'device_id', JSON.stringify(pick(texts, plain))),
      fate: letter()
    }
  },
  'long texts as metric': plain => {
    const texts = [...costlyTexts(60), ...costlyTexts(90_000)]
    return { payload: withJson(plain, 'metric', JSON.stringify(pick(texts, plain))), fate: either }
  },
  '200 kB in a field': extra(() => JSON.stringify('x'.repeat(LONG))),
  '200 kB of escapes': extra(() => `"${'\\u00fc'.repeat(LONG / 6)}"`),
  '200 kB of spaces': plain => ({
    payload: `${' '.repeat(LONG)}${JSON.stringify(plain)}`,
    fate: stored(plain)
  }),
  '200 kB of numbers': extra(() => `[${'1,'.repeat(LONG / 2)}1]`, tooWide),
  '90,000 numbers': extra(() => `[${'1,'.repeat(90_000)}1]`),
  '200 kB of objects': extra(() => `[${'{},'.repeat(LONG / 3)}{}]`, tooWide),
  'the same objects over and over': plain => ({
    payload: withField(
      plain,
      'tags',
      `[${Array.from({ length: 8_000 }, (_, i) => `{"tag":${i}}`)}]`
    ),
    fate: either
  }),
  '10,000 wrong items': plain => ({
    payload: withField(plain, 'channels', `[${'"x",'.repeat(10_000)}"x"]`),
    fate: either
  }),
  '20,000 fields': plain => ({
    payload: JSON.stringify({
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`field_${i}`, i])),
      ...plain
    }),
    fate: letter('RECORD_TOO_WIDE')
  }),
  '20,000 numbered fields': plain => ({
    payload: JSON.stringify({
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i * 1_000, i])),
      ...plain
    }),
    fate: letter('RECORD_TOO_WIDE')
  }),
  'names of prototypes': plain => {
    const payload = withField(plain, '__proto__', '{"admin":true}')
    return { payload, fate: letter('KEY_FORBIDDEN') }
  },
  'names of prototypes below': extra(
    () => '{"a":[{"__proto__":1}]}',
    () => letter('KEY_FORBIDDEN')
  ),
  'names that objects have': plain => {
    const name = pick(
      [
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        'valueOf',
        'toJSON',
        'then',
        '__defineGetter__',
        'length'
      ],
      plain
    )
    return { payload: withField(plain, name, '"own"'), fate: stored(plain) }
  },
  'names with dots, spaces, nothing': plain => {
    const name = pick(
      ['', ' ', 'a.b', 'device_id.x', '$where', '[0]', 'x'.repeat(10_000), 'é\u0301', '\u2028'],
      plain
    )
    return { payload: withField(plain, name, '1'), fate: stored(plain) }
  },
  'a field that stands twice': plain => ({
    payload: withField(plain, 'value', '"first"'),
    fate: letter('KEY_REPEATED')
  }),
  'NUL in a text': plain => ({
    payload: withJson(plain, 'metric', '"a\\u0000b"'),
    fate: letter('COLUMN_NUL')
  }),
  'NUL in another field': extra(() => '"a\\u0000b"'),
  'a lone surrogate': plain => ({
    payload: withJson(plain, 'metric', '"a\\ud800b"'),
    fate: letter('JSON_INVALID')
  }),
  'a lone surrogate in another field': extra(
    () => '"\\udfff\\ud800"',
    () => letter('JSON_INVALID')
  ),
  'broken UTF-8': plain => {
    const bytes = pick(
      [
        [0xc3, 0x28],
        [0xed, 0xa0, 0x80],
        [0xf5, 0x80, 0x80, 0x80],
        [0xc0, 0x80],
        [0xe2, 0x82]
      ],
      plain
    )
    const [before, after] = withJson(plain, 'metric', '"@@"').split('@@') as [string, string]
    return {
      payload: Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]),
      fate: letter('JSON_INVALID')
    }
  },
  'a byte order mark': plain => ({
    payload: `\ufeff${JSON.stringify(plain)}`,
    fate: stored(plain)
  }),
  'UTF-16': plain => ({
    payload: Buffer.from(JSON.stringify(plain), 'utf16le'),
    fate: letter('JSON_INVALID')
  }),
  'odd texts as metric': plain => {
    const metric = pick(ODD_TEXTS, plain)
    const odd = { ...plain, metric }
    return { payload: JSON.stringify(odd), fate: metric.length > 5_000 ? either : stored(odd) }
  },
  'odd texts as device': plain => ({
    payload: JSON.stringify({ ...plain, device_id: pick(ODD_TEXTS, plain) }),
    fate: letter()
  }),
  'names of prototypes as device': plain => {
    const device_id = pick(['__proto__', 'constructor', 'toString', 'hasOwnProperty'], plain)
    return {
      payload: JSON.stringify({ ...plain, device_id }),
      fate: letter('UNKNOWN_DEVICE', 'FIELD_VALUE')
    }
  },
  'other things than objects': plain => ({
    payload: pick(['null', '1', '"text"', 'true', '[]', `[${JSON.stringify(plain)}]`], plain),
    fate: letter('NOT_A_RECORD')
  }),
  'two readings in one': plain => ({
    payload: `${JSON.stringify(plain)}\n${JSON.stringify(plain)}`,
    fate: letter('JSON_INVALID')
  }),
  compressed: plain => ({ payload: gzipSync(JSON.stringify(plain)), fate: stored(plain) }),
  'cut where it is compressed': plain => ({
    payload: gzipSync(JSON.stringify(plain)).subarray(0, -9),
    fate: letter('COMPRESSION_INVALID')
  }),
  'other formats': (plain, draw) => {
    const json = JSON.stringify(plain)
    const texts = [
      // Without a header it is not told from other bytes.
      deflateRawSync(json),
      `<reading n="${plain.n}"/>`,
      `n=${plain.n}&value=1`,
      `${plain.n};1;2`,
      "{'n':1}"
    ]
    return { payload: texts[draw(fc.nat(texts.length - 1))]!, fate: letter('JSON_INVALID') }
  },
  'fields that the pipeline writes itself': plain => ({
    payload: JSON.stringify({
      ...plain,
      ts_utc: '1999-01-01T00:00:00Z',
      location: 'forged',
      model: {},
      reason: 1,
      stage: 'x',
      raw: null
    }),
    fate: either
  })
}
