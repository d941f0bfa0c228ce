import assert from 'node:assert/strict'
import { OptionsError } from '../../../core/options-error.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { optionsOf, prepare, reshaped } from './reshape-of.ts'

const by = (expression: string, to = 'x', more: object = {}) => ({
  mode: 'keep',
  keep: [],
  calculated: [{ to, expression }],
  ...more
})

describe('nodes/reshape, fields by JSONata', () => {
  const given = {
    device_id: 'hall-7',
    voltage: 230,
    current: 1.5,
    cells: [{ v: 3.1 }, { v: 3.3 }],
    note: null
  }
  const fields: [expression: string, expected: unknown][] = [
    ['voltage * current', 345],
    ['$sum(cells.v) / 2', 3.2],
    ['$split(device_id, "-")[1]', '7'],
    ['voltage > 200 ? "on" : "off"', 'on'],
    ['cells[v > 3.2].v', 3.3],
    ['cells.v', [3.1, 3.3]],
    ['{"a": voltage}', { a: 230 }],
    ['absent', undefined],
    ['$pad(device_id, 8)', 'hall-7  '],
    ['$sum([1..100])', 5050],
    ['voltage / 0', 'EXPRESSION_FAILED'],
    ['$error("no")', 'EXPRESSION_FAILED'],
    ['$uppercase(voltage)', 'EXPRESSION_FAILED'],
    ['function($a) { $a }', 'EXPRESSION_FAILED'],
    ['($f := function($n) { $f($n + 1) }; $f(0))', 'EXPRESSION_TOO_COSTLY'],
    ['($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(1e9))', 'EXPRESSION_TOO_COSTLY'],
    [
      '$map([1..1000], function($i) { $map([1..1000], function($j) { $j }) })',
      'EXPRESSION_TOO_COSTLY'
    ]
  ]
  for (const [expression, expected] of fields) {
    it(`${expression} is ${JSON.stringify(expected)}`, async () => {
      const before = structuredClone(given)
      const { rows, rejected } = await reshaped(by(expression), given)
      assert.deepEqual(rejected[0]?.reason.code ?? rows[0]!.x, expected)
      assert.deepEqual(given, before)
    })
  }

  it('are there for the rows of measurements, and for the rows behind them', async () => {
    const settings = {
      topic: 'a/{site}',
      keep: [{ from: 'id', to: 'device_id' }],
      calculated: [
        { to: 'id', expression: 'site & "-1"' },
        { to: 'power', expression: 'u * i' },
        { to: 'twice', expression: 'power * 2' }
      ]
    }
    const { rows } = await reshaped(
      settings,
      [
        { u: 2, i: 3 },
        { u: 1, i: 1 }
      ],
      'a/hall'
    )
    assert.deepEqual(
      rows.map(({ device_id, metric, value }) => [device_id, metric, value]).slice(2, 4),
      [
        ['hall-1', 'power', 6],
        ['hall-1', 'twice', 12]
      ]
    )
    assert.equal(rows.length, 8)
  })

  it('a record of very many values is not begun with', async () => {
    const list = Array.from({ length: 1001 }, (_, value) => value)
    const { rejected } = await reshaped(by('$count($distinct(list))'), { list })
    assert.equal(rejected[0]!.reason.code, 'EXPRESSION_TOO_COSTLY')
  })

  it('a costly expression ends within 50 ms', async () => {
    const work = () => reshaped(by('($f := function($n) { $f($n + 1) }; $f(0))'), given)
    const took: number[] = []
    for (let time = 0; time < 5; time++) {
      const began = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(began)
      took.push((user + system) / 1000)
    }
    assert.ok(Math.min(...took) < 50, `${took}`)
  })

  const refused: [expression: string, says: RegExp][] = [
    ['1 +', /Calculated fields: row 1: /],
    ['$match(device_id, /(a+)+b/)', /a regular expression/],
    ['$eval(device_id)', /\$eval/],
    ['$map(cells, $eval)', /\$eval/],
    ['[1..voltage]', /the ends of a range/],
    ['$pad(device_id, voltage)', /the width of \$pad/]
  ]
  for (const [expression, says] of refused)
    it(`${expression} is refused at deploy`, () =>
      assert.throws(
        () => reshaper(optionsOf(by(expression)), () => 0, prepare),
        (error: unknown) => error instanceof OptionsError && says.test(error.message)
      ))
})
