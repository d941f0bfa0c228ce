import assert from 'node:assert/strict'
import { prometheusText } from '../../../core/node/exposition.ts'
import { Histogram } from '../../../core/node/histogram.ts'
import { forgetMetrics, metricsFor, report } from '../../../core/node/metrics.ts'

describe('metrics', () => {
  afterEach(() => forgetMetrics('m1'))

  it('go on over a redeploy of the same node, and start anew for another type', () => {
    metricsFor('m1', 'millrace-validate', 'a').in = 5
    assert.equal(metricsFor('m1', 'millrace-validate', 'b').in, 5)
    assert.equal(metricsFor('m1', 'millrace-route', 'b').in, 0)
  })

  it('are reported as JSON', () => {
    const node = metricsFor('m1', 'millrace-validate', 'check')
    node.rejected = 2
    node.gauges.set('lag', 7)
    const found = report().nodes.find(({ id }) => id === 'm1')
    assert.deepEqual([found?.name, found?.counts.rejected, found?.gauges.lag], ['check', 2, 7])
  })

  it('count what a node rejects by its codes, of which there may be so many', () => {
    const node = metricsFor('m1', 'millrace-validate', 'check')
    node.countRefused([
      { reason: { code: 'TS_PAST' } },
      { reason: { code: 'JSON_INVALID' } },
      { reason: { code: 'TS_PAST' } },
      {},
      null
    ])
    assert.deepEqual(report().nodes.find(({ id }) => id === 'm1')?.refused, {
      TS_PAST: 2,
      JSON_INVALID: 1
    })
    assert.deepEqual([node.leadingCode, node.refusedHere], ['TS_PAST', 3])
    assert.match(
      prometheusText(),
      /^millrace_records_refused_total\{id="m1",.*,code="TS_PAST"\} 2$/m
    )
    for (let made = 0; made < 1000; made++) node.countCode(`MADE_UP_${made}`)
    node.countCode('TS_PAST', 5)
    assert.deepEqual([node.refused.size, node.refused.get('TS_PAST')], [50, 7])
  })

  it('say whether a node is well, once it has said so', () => {
    const node = metricsFor('m1', 'millrace-validate', 'check')
    assert.ok(!prometheusText().includes('millrace_healthy{id="m1"'))
    node.status = { healthy: false, text: 'broker away' }
    assert.deepEqual(report().nodes.find(({ id }) => id === 'm1')?.status, {
      healthy: false,
      text: 'broker away'
    })
    assert.match(prometheusText(), /^millrace_healthy\{id="m1",.*\} 0$/m)
  })

  it('are written in the text format of Prometheus, with names escaped', () => {
    const node = metricsFor('m1', 'millrace-validate', 'a "b"\\\n')
    node.stored = 3
    node.gauges.set('time to drain', 1.5)
    const text = prometheusText()
    assert.match(text, /^# TYPE millrace_records_stored_total counter$/m)
    assert.ok(
      text.includes(
        'millrace_records_stored_total{id="m1",type="millrace-validate",name="a \\"b\\"\\\\\\n"} 3\n'
      ),
      text
    )
    assert.match(text, /^millrace_time_to_drain\{.*\} 1\.5$/m)
  })

  it('have histograms, whose buckets hold all that is below them, and further labels', () => {
    const node = metricsFor('m1', 'millrace-validate', 'check')
    const histogram = new Histogram([1, 2])
    for (const value of [0.5, 1, 1.5, 7, Number.NaN]) histogram.observe(value)
    node.histograms.set('batch records', histogram)
    node.labelled.set('consumer lag records', [{ labels: { topic: 'a"b' }, value: 3 }])
    const text = prometheusText()
    const buckets = [...text.matchAll(/batch_records_(?:bucket|sum|count)\{id="m1",.*\} (.*)$/gm)]
    assert.deepEqual(
      buckets.map(([, value]) => value),
      ['2', '3', '4', '10', '4']
    )
    assert.match(text, /^millrace_consumer_lag_records\{id="m1",.*,topic="a\\"b"\} 3$/m)
    assert.match(text, /^# HELP millrace_batch_records /m)
  })
})
