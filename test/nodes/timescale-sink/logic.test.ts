import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { storedText } from '../../../core/sink/sink-status.ts'
import { sinkPlan } from '../../../nodes/timescale-sink/logic.ts'
import { spec } from '../../../nodes/timescale-sink/spec.ts'

const planFrom = (given: object) => sinkPlan(parseOptions(spec, { database: 'd', ...given }))
const row = (column: string, type: string, role: string, from = column) => ({
  column,
  from,
  type,
  role
})

describe('the options of the sink', () => {
  it('by default map a reading to the reference table, time first in the key', () => {
    const { plan, table, connections } = planFrom({})
    assert.deepEqual(
      plan.mappings.map(({ column, from }) => `${column} ← ${from}`),
      [
        'time ← ts_utc',
        'device_id ← device_id',
        'location ← location',
        'metric ← metric',
        'value ← value'
      ]
    )
    assert.deepEqual(
      plan.key.map(index => plan.mappings[index]!.column),
      ['time', 'device_id', 'metric']
    )
    assert.deepEqual([table.sql, connections], ['"telemetry"', 4])
  })

  it('put the time first in the key wherever it stands', () => {
    const { plan } = planFrom({
      columns: [row('id', 'text', 'key'), row('at', 'timestamptz', 'key')]
    })
    assert.deepEqual(plan.key, [1, 0])
  })

  it('say how compressed chunks are laid out, or leave it to the key', () => {
    const { segmentBy, orderBy } = planFrom({
      segmentBy: 'metric',
      orderBy: 'device_id, time desc'
    })
    assert.deepEqual(segmentBy, ['metric'])
    assert.deepEqual(orderBy, [
      { column: 'device_id', isDescending: false },
      { column: 'time', isDescending: true }
    ])
    assert.equal(planFrom({}).segmentBy, undefined)
    assert.equal(planFrom({ create: 'off', segmentBy: 'gone' }).orderBy, undefined)
    assert.throws(
      () => planFrom({ segmentBy: 'site, time', orderBy: 'x DESC' }),
      /Compress by: there is no column site above; In the order of: there is no column x above; Compress by: time is a time/
    )
    assert.throws(
      () => planFrom({ segmentBy: 'metric', orderBy: 'metric' }),
      /In the order of: metric is the same in all rows of a segment/
    )
  })

  it('take one connection to replace rows', () =>
    assert.equal(planFrom({ conflict: 'update' }).connections, 1))

  it('are refused with all that is wrong', () => {
    const wrong = {
      table: 'a b c',
      columns: [
        row('id', 'text', 'key'),
        row('id', 'text', 'optional', '__proto__.x'),
        row('x', 'integer', 'required', 'a..b')
      ]
    }
    assert.throws(
      () => planFrom(wrong),
      (error: unknown) => {
        assert.ok(error instanceof OptionsError)
        assert.deepEqual(error.problems, [
          'Table: "a b c" is not a table\'s name such as telemetry or iot.telemetry',
          'Columns: row 2: the column id is there twice',
          'Columns: row 2: "__proto__.x" is not a field\'s name or path',
          'Columns: row 3: "a..b" is not a field\'s name or path',
          'Columns: a key needs a time among its columns'
        ])
        return true
      }
    )
    assert.throws(() => planFrom({ columns: [], conflict: 'update' }), /at least one/)
    assert.throws(
      () => planFrom({ columns: [row('a', 'text', 'optional')], conflict: 'reject' }),
      /some columns must be the key/
    )
  })
})

describe('the status of the sink', () => {
  const texts: [string, string][] = [
    [storedText(0, { rejected: 0, leadingCode: undefined }, 0), '0 stored'],
    [storedText(12_345, { rejected: 0, leadingCode: undefined }, 5230), '5.2k/s · 12.3k stored'],
    [storedText(5, { rejected: 2, leadingCode: undefined }, 0.1), '5 stored · 2 rejected'],
    [storedText(5, { rejected: 2, leadingCode: 'COLUMN_TYPE' }, 0.1), '5 stored · 2 COLUMN_TYPE'],
    [
      storedText(12_345, { rejected: 2, leadingCode: 'COLUMN_TYPE' }, 5230),
      '12.3k stored · 2 COLUMN_TYPE'
    ],
    [
      storedText(12_345, { rejected: 2, leadingCode: 'COLUMN_MISSING' }, 5230),
      '2 rejected: COLUMN_MISSING'
    ]
  ]
  for (const [found, expected] of texts) it(expected, () => assert.equal(found, expected))
})
