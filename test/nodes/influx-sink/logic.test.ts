import assert from 'node:assert/strict'
import type { ProductName } from '../../../core/influx/products.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import type { OptionsError } from '../../../core/options-error.ts'
import type { Message } from '../../../core/record/message.ts'
import { creation, dedupQuery } from '../../../nodes/influx-sink/creation.ts'
import { learn } from '../../../nodes/influx-sink/learn.ts'
import {
  databaseProblem,
  type InfluxSinkOptions,
  sinkPlan
} from '../../../nodes/influx-sink/logic.ts'
import { previewed } from '../../../nodes/influx-sink/preview.ts'
import { spec } from '../../../nodes/influx-sink/spec.ts'

const options = (own: Partial<InfluxSinkOptions> = {}): InfluxSinkOptions =>
  parseOptions(spec, { server: 'server', database: 'home', ...own })

type Row = InfluxSinkOptions['rows'][number]
const row = (name: string, type: Row['type'] = 'number'): Row => ({
  name,
  from: 'value',
  type,
  role: 'optional'
})

const record = {
  device_id: 'd1',
  metric: 't',
  location: 'hall a',
  value: 21.5,
  ts_utc: '2026-02-23T00:00:00Z'
}

describe('settings of the influx sink', () => {
  const wrong: [own: Partial<InfluxSinkOptions>, service: ProductName, says: RegExp][] = [
    [{ rows: [row('time')] }, 'influx2', /row 1: no tag or field can be called "time"/],
    [{ rows: [row('v'), row('v')] }, 'influx2', /row 2: "v" is there twice/],
    [{ rows: [row('v'), row('v', 'tag')] }, 'influx2', /"v" is there twice/],
    [{ rows: [row('v', 'tag')] }, 'influx2', /at least one field beside its tags/],
    [{ rows: [] }, 'influx2', /at least one field/],
    [{ rows: [row('a\nb')] }, 'influx2', /no line break/],
    [{ rows: [row('a\\')] }, 'influx2', /no backslash at its end/],
    [{ rows: [{ ...row('v'), from: 'a..b' }] }, 'influx2', /"a\.\.b" is not a field's name/],
    [{ rows: [row('v', 'unsigned')] }, 'influx1', /InfluxDB 1 has no unsigned integers/],
    [{ rows: [row('v', 'unsigned')] }, 'questdb', /QuestDB has no unsigned integers/],
    [{ rows: [row('timestamp')] }, 'questdb', /"timestamp" means something else in QuestDB/],
    [{ rows: [row('v', 'text')] }, 'victoriametrics', /VictoriaMetrics keeps no texts/],
    [{ longNumbers: 'text' }, 'victoriametrics', /Numbers too long: VictoriaMetrics keeps no/],
    [{ retention: 'week' }, 'influx2', /Retention policy: InfluxDB 2 has none/],
    [{ create: 'create' }, 'influx2', /nothing is created in InfluxDB 2/],
    [{ create: 'create', measurement: '{metric}' }, 'questdb', /cannot be created before/]
  ]
  for (const [own, service, says] of wrong)
    it(`${JSON.stringify(own).slice(0, 60)} for ${service} is refused`, () =>
      assert.throws(() => sinkPlan(options(own), service), says))

  it('tells all that is wrong at once', () =>
    assert.throws(
      () => sinkPlan(options({ rows: [row('time'), row('time')], retention: 'x' })),
      (error: OptionsError) => error.problems.length === 4
    ))

  it('wants a database where the server has several', () => {
    const none = options({ database: '' })
    assert.equal(databaseProblem(none, 'influx2').length, 1)
    assert.equal(databaseProblem(none, 'influx1').length, 1)
    assert.equal(databaseProblem(none, 'questdb').length, 0)
    assert.equal(databaseProblem(none, 'victoriametrics').length, 0)
  })

  it('quotes names in the statements that create', () => {
    const odd = options({ database: 'a"b\\c', measurement: 'o\'clock "x"', create: 'create' })
    assert.equal(creation(odd, 'influx1'), 'CREATE DATABASE "a\\"b\\\\c"')
    assert.match(creation(odd, 'questdb'), /^CREATE TABLE IF NOT EXISTS "o'clock ""x""" \(/)
    assert.match(dedupQuery(odd), /= 'o''clock "x"'$/)
    assert.match(
      creation(options(), 'questdb'),
      /DEDUP UPSERT KEYS\(timestamp, "device_id", "metric", "location"\)$/
    )
  })
})

describe('the dialog of the influx sink', () => {
  it('shows the lines that would be written, and why a record would be none', async () => {
    const { sort } = previewed(options({ create: 'create' }))
    const bad = { ...record, value: 'high' }
    const { outputs, text } = await sort({ payload: [record, bad] } as Message)
    assert.deepEqual(outputs[0], [
      {
        $row: {
          line: 'telemetry,device_id=d1,location=hall\\ a,metric=t value=21.5 1771804800000000000'
        }
      }
    ])
    assert.equal((outputs[1]![0] as { reason: { code: string } }).reason.code, 'COLUMN_TYPE')
    assert.match(text!, /CREATE DATABASE "home";[\s\S]*DEDUP UPSERT KEYS/)
  })

  it('shows them also where the server will take less', async () => {
    const { sort } = previewed(options({ retention: 'week', rows: [row('v', 'unsigned')] }))
    const { outputs } = await sort({ payload: { ...record, value: 7 } } as Message)
    assert.match(JSON.stringify(outputs[0]), /telemetry v=7u/)
  })

  it('learns tags, fields, their types and the time from messages', async () => {
    const more = { count: 2n ** 60n, on: true, note: 'ok', place: { lat: 1 }, ts: 1771804800000 }
    const { findings } = await learn([{ topic: '', payload: [{ ...record, ...more }] }], {}, {})
    const settings = Object.assign({}, ...findings.map(found => found.settings)) as {
      rows: Row[]
      time: string
    }
    assert.equal(settings.time, 'ts_utc')
    assert.deepEqual(
      settings.rows.map(({ name, type }) => `${name} ${type}`),
      [
        'device_id tag',
        'metric tag',
        'location tag',
        'value number',
        'count integer',
        'on boolean',
        'note text',
        'place json'
      ]
    )
    assert.doesNotThrow(() => sinkPlan(options({ rows: settings.rows })))
  })

  it('learns nothing from what are no records', () =>
    assert.deepEqual(learn([{ topic: '', payload: [1, 'a', null] }], {}, {}), {
      findings: [],
      questions: []
    }))
})
