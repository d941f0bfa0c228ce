import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Histogram } from '../../../core/node/histogram.ts'
import { allMetrics, forgetMetrics, metricsFor } from '../../../core/node/metrics.ts'
import { otlpMetrics } from '../../../core/node/otlp.ts'
import { OtlpExport, otlpSettings } from '../../../core/node/otlp-export.ts'

interface Metric {
  readonly name: string
  readonly unit?: string
  readonly sum?: { readonly dataPoints: readonly { readonly asInt: string }[] }
}

describe('metrics by OpenTelemetry', () => {
  beforeEach(() => {
    for (const { id } of allMetrics()) forgetMetrics(id)
    const node = metricsFor('m1', 'millrace-validate', 'check')
    node.in = 5
    node.countCode('TS_PAST', 2)
    node.status = { healthy: true, text: '' }
    node.gauges.set('behind seconds', 1.5)
    node.labelled.set('consumer lag records', [{ labels: { partition: '0' }, value: 3 }])
    const histogram = new Histogram([1, 2])
    for (const value of [0.5, 3]) histogram.observe(value)
    node.histograms.set('store seconds', histogram)
  })
  afterEach(() => forgetMetrics('m1'))

  const metrics = (): Metric[] => {
    const body = otlpMetrics(allMetrics(), 'plant', { fromMs: 1000, untilMs: 2000 }) as {
      resourceMetrics: [{ scopeMetrics: [{ metrics: Metric[] }] }]
    }
    return body.resourceMetrics[0].scopeMetrics[0].metrics
  }
  const named = (name: string) => metrics().find(each => each.name === name)
  const attributes = (more: Record<string, string> = {}) =>
    Object.entries({ id: 'm1', type: 'millrace-validate', name: 'check', ...more }).map(
      ([key, stringValue]) => ({ key, value: { stringValue } })
    )
  const timed = (more?: Record<string, string>) => ({
    attributes: attributes(more),
    startTimeUnixNano: '1000000000',
    timeUnixNano: '2000000000'
  })

  it('are sums, gauges and histograms, whole numbers and times as texts', () => {
    assert.deepEqual(named('millrace.records.in'), {
      name: 'millrace.records.in',
      description: 'Records taken by the node',
      unit: '{record}',
      sum: {
        dataPoints: [{ asInt: '5', ...timed() }],
        aggregationTemporality: 2,
        isMonotonic: true
      }
    })
    assert.deepEqual(named('millrace.records.refused')?.sum?.dataPoints, [
      { asInt: '2', ...timed({ code: 'TS_PAST' }) }
    ])
    assert.deepEqual(named('millrace.behind'), {
      name: 'millrace.behind',
      description: 'Age of the oldest record that was not dealt with',
      unit: 's',
      gauge: { dataPoints: [{ asDouble: 1.5, ...timed() }] }
    })
    assert.deepEqual(named('millrace.consumer.lag.records'), {
      name: 'millrace.consumer.lag.records',
      description: 'Records of a partition that the group has not dealt with',
      unit: '',
      gauge: { dataPoints: [{ asDouble: 3, ...timed({ partition: '0' }) }] }
    })
    assert.deepEqual(named('millrace.store'), {
      name: 'millrace.store',
      description: 'From received by the sink to stored, of each message',
      unit: 's',
      histogram: {
        dataPoints: [
          {
            count: '2',
            sum: 3.5,
            bucketCounts: ['1', '0', '1'],
            explicitBounds: [1, 2],
            ...timed()
          }
        ],
        aggregationTemporality: 2
      }
    })
  })

  it('are sent by option only, as the variables of OpenTelemetry say', () => {
    assert.equal(otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), undefined)
    const on = { OTEL_METRICS_EXPORTER: 'otlp' }
    assert.deepEqual(otlpSettings(on), {
      url: 'http://127.0.0.1:4318/v1/metrics',
      headers: {},
      everyMs: 60_000,
      timeoutMs: 10_000,
      service: 'node-red'
    })
    assert.deepEqual(
      otlpSettings({
        ...on,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, other=c=d',
        OTEL_METRIC_EXPORT_INTERVAL: '5000',
        OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
        OTEL_SERVICE_NAME: 'plant'
      }),
      {
        url: 'https://c/otlp/v1/metrics',
        headers: { 'api-key': 'a b', other: 'c=d' },
        everyMs: 5000,
        timeoutMs: 10_000,
        service: 'plant'
      }
    )
    assert.throws(() => otlpSettings({ ...on, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), /http\/json/)
    assert.throws(() => otlpSettings({ ...on, OTEL_EXPORTER_OTLP_ENDPOINT: 'c' }), /no address/)
  })

  it('reach a receiver, and a receiver that is away is told of once', async () => {
    const got: { headers: IncomingHttpHeaders; body: string }[] = []
    let status = 200
    const receiver = createServer(async (request, response) => {
      got.push({ headers: request.headers, body: await text(request) })
      response.writeHead(status).end('{}')
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const { port } = receiver.address() as AddressInfo
    const lines: string[] = []
    const log = {
      info: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(line)
    }
    const exporter = new OtlpExport(
      {
        url: `http://127.0.0.1:${port}/v1/metrics`,
        headers: { 'api-key': 'secret' },
        everyMs: 60_000,
        timeoutMs: 5000,
        service: 'plant'
      },
      log
    )
    try {
      await exporter.send()
      assert.equal(got[0]?.headers['api-key'], 'secret')
      assert.equal(got[0]?.headers['content-type'], 'application/json')
      assert.match(got[0]!.body, /"millrace.records.in".*"asInt":"5"/)
      status = 503
      await exporter.send()
      await exporter.send()
      status = 200
      await exporter.send()
      assert.deepEqual(lines, [
        `Metrics cannot be sent to 127.0.0.1:${port}: it answers 503. They are sent as soon as it takes them.`,
        `Metrics are sent to 127.0.0.1:${port} again.`
      ])
    } finally {
      exporter.end()
      receiver.close()
    }
  })
})
