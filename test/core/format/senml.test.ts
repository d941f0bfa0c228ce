import assert from 'node:assert/strict'
import { encode } from 'cborg'
import type { ReaderOptions } from '../../../core/format/reader.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { readerOf, readerOptions } from './reader-options.ts'

const ARRIVED_MS = 1_708_700_000_000

async function read(format: ReaderOptions['format'], payload: Buffer | string): Promise<unknown[]> {
  const reader = await readerOf(readerOptions({ format }))
  return reader
    .read(Buffer.from(payload as string), { arrivedMs: ARRIVED_MS })
    .map(({ record }) => {
      return record instanceof ParseFailure ? [record.code, record.path ?? ''] : record
    })
}

describe('SenML', () => {
  it('resolves the base fields: the multiple measurements of RFC 8428, section 5.1.3', async () => {
    const pack = `[
      {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
      {"n":"current","t":-5,"v":1.2},
      {"n":"current","t":-4,"v":1.3}]`
    const name = 'urn:dev:ow:10e2073a0108006:'
    assert.deepEqual(await read('senml-json', pack), [
      { name: `${name}voltage`, ts: 1276020076.001, unit: 'V', value: 120.1 },
      { name: `${name}current`, ts: 1276020071.001, unit: 'A', value: 1.2 },
      { name: `${name}current`, ts: 1276020072.001, unit: 'A', value: 1.3 }
    ])
  })

  it('counts times that are small from the arrival, and adds base values and sums', async () => {
    const pack =
      '[{"bn":"d","bv":20,"bs":5,"v":1},{"n":"x","vs":"on","t":-2.5},{"n":"y","vb":false},{"n":"z","s":2},{"n":"b","vd":"aGk"}]'
    assert.deepEqual(await read('senml-json', pack), [
      { name: 'd', ts: 1708700000, value: 21, sum: 5 },
      { name: 'dx', ts: 1708699997.5, value: 'on', sum: 5 },
      { name: 'dy', ts: 1708700000, value: false, sum: 5 },
      { name: 'dz', ts: 1708700000, sum: 7 },
      { name: 'db', ts: 1708700000, value: 'aGk', sum: 5 }
    ])
  })

  it('reads the same as CBOR, by the labels of table 4', async () => {
    const pack = encode([
      new Map<unknown, unknown>([
        [-2, 'dev:'],
        [-3, 1276020076],
        [0, 'temp'],
        [1, 'Cel'],
        [2, 23.5]
      ]),
      new Map<unknown, unknown>([
        [0, 'open'],
        [4, true],
        [6, -5]
      ])
    ])
    assert.deepEqual(await read('senml-cbor', Buffer.from(pack)), [
      { name: 'dev:temp', ts: 1276020076, unit: 'Cel', value: 23.5 },
      { name: 'dev:open', ts: 1276020071, value: true }
    ])
  })

  it('refuses a bad entry alone', async () => {
    const pack =
      '[{"bn":"d:"},{"n":"a","v":1},{"n":"b","v":"x"},{"n":"c","v":1,"must_":2},{"n":"ü","v":1},{"n":"e"},{"n":"f","bver":11,"v":1},7]'
    assert.deepEqual(await read('senml-json', pack), [
      { name: 'd:a', ts: 1708700000, value: 1 },
      ['FORMAT_INVALID', '1.v'],
      ['FORMAT_INVALID', '2.must_'],
      ['FORMAT_INVALID', '3.n'],
      ['FORMAT_INVALID', '4'],
      ['FORMAT_INVALID', '5.bver'],
      ['FORMAT_INVALID', '6']
    ])
  })

  it('what a refused entry says of those behind it holds, and what it does not say refuses them', async () => {
    const at = { ts: 1708700000 }
    const packs: [what: string, pack: string, found: unknown[]][] = [
      [
        'a name of another device beside a bad value',
        '[{"bn":"d1:","n":"t","v":1},{"bn":"d2:","n":"t","v":"x"},{"n":"h","v":2}]',
        [
          { ...at, name: 'd1:t', value: 1 },
          ['FORMAT_INVALID', '1.v'],
          { ...at, name: 'd2:h', value: 2 }
        ]
      ],
      [
        'a name that cannot be read, until the next',
        '[{"bn":"d1:","n":"t","v":1},{"bn":7,"n":"t","v":2},{"n":"h","v":3},{"bn":"d3:","n":"t","v":4}]',
        [
          { ...at, name: 'd1:t', value: 1 },
          ['FORMAT_INVALID', '1.bn'],
          ['FORMAT_INVALID', '2.bn'],
          { ...at, name: 'd3:t', value: 4 }
        ]
      ],
      [
        'a field that stands twice, so that nobody knows what it says',
        '[{"bn":"d1:","bt":1708700000,"n":"t","v":1},{"bn":"d2:","bn":"d3:","n":"t","v":2},{"n":"h","v":3}]',
        [{ ...at, name: 'd1:t', value: 1 }, ['KEY_REPEATED', '1'], ['FORMAT_INVALID', '2.bn']]
      ],
      [
        'a time of more digits than a number has',
        '[{"bt":1708700000.1234567890123,"n":"a","v":1},{"n":"b","v":2},{"bt":1708700001,"n":"c","v":3}]',
        [
          ['NUMBER_INEXACT', '0.bt'],
          ['FORMAT_INVALID', '1.bt'],
          { name: 'c', ts: 1708700001, value: 3 }
        ]
      ]
    ]
    for (const [what, pack, found] of packs)
      assert.deepEqual(await read('senml-json', pack), found, what)
  })

  it('a label of CBOR and its name are the same field', async () => {
    const entry = new Map<unknown, unknown>([
      [0, 'a'],
      ['n', 'b'],
      [2, 1]
    ])
    assert.deepEqual(await read('senml-cbor', Buffer.from(encode([entry]))), [
      ['FORMAT_INVALID', '0']
    ])
  })

  it('refuses what is no pack', async () => {
    assert.deepEqual(await read('senml-json', '{"n":"a"}'), [['FORMAT_INVALID', '']])
    assert.deepEqual(await read('senml-cbor', Buffer.from([0xff])), [['FORMAT_INVALID', '']])
  })
})
