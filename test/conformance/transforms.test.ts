import { checks } from '../../core/conformance/checks.ts'
import { conformanceNodes } from '../../core/conformance/nodes.ts'
import type { Subject } from '../../core/conformance/run.ts'
import aggregate from '../../nodes/aggregate/runtime.ts'
import alarm from '../../nodes/alarm/runtime.ts'
import deadband from '../../nodes/deadband/runtime.ts'
import decode from '../../nodes/decode/runtime.ts'
import enrich from '../../nodes/enrich/runtime.ts'
import join from '../../nodes/join/runtime.ts'
import normalize from '../../nodes/normalize/runtime.ts'
import reshape from '../../nodes/reshape/runtime.ts'
import route from '../../nodes/route/runtime.ts'
import storeAndForward from '../../nodes/store-and-forward/runtime.ts'
import validate from '../../nodes/validate/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'

const base = { idField: 'n', outputs: ['passed', 'rejected'] }
const reading = (n: number) => ({
  n,
  device_id: `d${n % 7}`,
  metric: 't',
  value: n / 2,
  ts: 1_708_700_000 + n
})

const subjects: readonly (Subject & { readonly title?: string })[] = [
  {
    ...base,
    outputs: ['records', 'rejected'],
    type: 'millrace-decode',
    config: {},
    record: reading
  },
  { ...base, type: 'millrace-validate', config: { schema: '{"required":["n"]}' }, record: reading },
  {
    ...base,
    title: 'millrace-validate, a third invalid',
    type: 'millrace-validate',
    config: { schema: '{"properties":{"value":{"type":"number"}}}' },
    record: n => ({ ...reading(n), value: n % 3 === 0 ? 'high' : n })
  },
  { ...base, type: 'millrace-normalize', config: { pastDays: 0 }, record: reading },
  {
    ...base,
    title: 'millrace-reshape, one record of each',
    type: 'millrace-reshape',
    config: { mode: 'keep' },
    record: reading
  },
  {
    ...base,
    title: 'millrace-reshape, a record of each measurement',
    type: 'millrace-reshape',
    config: { keep: [{ from: 'n', to: '' }] },
    record: n => ({ n, device_id: `d${n % 7}`, ts: 1_708_700_000 + n, t: n, rh: n / 2 }),
    many: true
  },
  {
    ...base,
    title: 'millrace-reshape, wide records',
    type: 'millrace-reshape',
    config: { mode: 'pivot', by: [{ field: 'n' }] },
    record: reading
  },
  {
    ...base,
    type: 'millrace-enrich',
    config: { source: 'inline', devices: 'device_id,location\nd1,hall A\nd2,hall B' },
    record: reading
  },
  {
    ...base,
    type: 'millrace-route',
    outputs: ['high', 'otherwise'],
    config: {
      rules: [{ match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 10 }] }],
      otherwise: true
    },
    record: reading
  },
  {
    ...base,
    title: 'millrace-route, the rest left out',
    type: 'millrace-route',
    outputs: ['high'],
    config: {
      rules: [{ match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 10 }] }],
      otherwise: false
    },
    record: reading
  },
  {
    ...base,
    title: 'millrace-route, over time',
    type: 'millrace-route',
    outputs: ['high', 'otherwise', 'rejected'],
    config: {
      rules: [
        {
          match: 'all',
          conditions: [{ field: 'value', operator: 'on_above', value: 10, value2: 5 }],
          time: { lasts: '2 s' }
        }
      ],
      otherwise: true
    },
    record: n => ({ ...reading(n), ts_utc: new Date(1_772_359_200_000 + n).toISOString() }),
    again: 'left out'
  },
  {
    ...base,
    type: 'millrace-deadband',
    config: {},
    record: n => ({ ...reading(n), device_id: `d${n}`, ts_utc: '2026-03-01T10:00:00Z' }),
    again: 'left out'
  },
  {
    ...base,
    title: 'millrace-deadband, most left out',
    type: 'millrace-deadband',
    config: { width: 5 },
    record: n => ({ ...reading(n), ts_utc: new Date(1_772_359_200_000 + n).toISOString() }),
    again: 'left out'
  },
  {
    ...base,
    type: 'millrace-join',
    outputs: ['joined', 'unmatched', 'rejected'],
    config: { first: 'temperature_c', second: '', alone: 'first', method: 'last', lateness: '0 s' },
    record: n => ({
      ...reading(n),
      device_id: `d${n}`,
      metric: 'temperature_c',
      ts_utc: '2026-03-01T10:00:00Z'
    }),
    again: 'left out'
  },
  {
    ...base,
    type: 'millrace-aggregate',
    outputs: ['results', 'late', 'rejected'],
    config: { timeField: 'ts' },
    record: reading,
    many: true,
    again: 'left out'
  },
  {
    ...base,
    type: 'millrace-alarm',
    outputs: ['events', 'rejected'],
    config: { limit: -1, key: [{ field: 'n' }] },
    record: n => ({ ...reading(n), device_id: `d${n}`, ts_utc: '2026-03-01T10:00:00Z' }),
    again: 'left out'
  },
  {
    ...base,
    type: 'millrace-store-and-forward',
    outputs: ['forwarded', 'left out', 'rejected'],
    config: { gatherMs: 0 },
    record: reading,
    keeps: true
  }
]

describe('conformance of the transforms', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed

  before(async () => {
    nodeRed = await startNodeRed({
      nodes: [
        conformanceNodes,
        decode,
        validate,
        reshape,
        normalize,
        enrich,
        route,
        deadband,
        join,
        aggregate,
        alarm,
        storeAndForward
      ]
    })
  })
  after(() => nodeRed.stop())

  for (const subject of subjects) {
    describe(subject.title ?? subject.type, () => {
      for (const check of checks) it(check.name, () => check.run(nodeRed, subject))
    })
  }
})
