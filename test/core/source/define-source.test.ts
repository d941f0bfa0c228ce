import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import {
  defineSource,
  type NodeSpec,
  OptionsError,
  reject,
  type SourceContext,
  type Split,
  sourceFields
} from '../../../core/palette.ts'
import { ParseFailure, parseRecord } from '../../../core/record/parse-record.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const spec = {
  type: 'test-http',
  label: 'http',
  summary: 'Takes a record by each POST, and answers 204 once it is stored.',
  category: 'telemetry',
  family: 'observe',
  inputs: 0,
  outputs: ['records', 'rejected'],
  fields: {
    ...sourceFields,
    port: {
      kind: 'number',
      label: 'Port',
      default: 0,
      min: 0,
      max: 65_535,
      help: 'Where it listens.'
    }
  }
} as const satisfies NodeSpec

/** All that is HTTP's own. */
function openHttp({ options, source, metrics }: SourceContext<typeof spec>) {
  if (options.port === 1) throw new OptionsError(spec.label, ['Port: 1 is not ours'])
  let number = 0
  const server = createServer((request, response) => void take(request, response))
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    if (!source.hasRoomFor(1, body.length)) {
      response.writeHead(503).end()
      return
    }
    const splitAgain = (): Split => {
      const record = parseRecord(body)
      if (!(record instanceof ParseFailure)) return { accepted: [record], rejected: [] }
      return { accepted: [], rejected: [reject({ body: String(body) }, 'http', record)] }
    }
    source.takeBatch({
      // Requests do not wait for each other.
      lane: `request ${++number}`,
      bytes: body.length,
      split: splitAgain(),
      splitAgain,
      isSingle: true,
      acknowledge: () => response.writeHead(204).end()
    })
  }
  return {
    start: () => {
      server.listen(options.port, '127.0.0.1', () =>
        metrics.gauges.set('port', (server.address() as AddressInfo).port)
      )
    },
    resume() {},
    stop: () => void server.close(),
    close: () => server.closeAllConnections(),
    working: (perSecond: number) => `${Math.round(perSecond)} requests/s`
  }
}

describe('core/source/define-source: an HTTP source of forty lines', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  const shown: { fill?: string; text?: string }[] = []
  const stored = collectorOf('stored')
  const rejected = collectorOf('letters')

  before(async () => {
    red = await startNodeRed({ nodes: [defineSource(spec, openHttp), registerCollect] })
    red.RED.events.on(
      'node-status',
      ({ id, status }: { id: string; status?: { text?: string } }) => {
        if (id === 'http' && status) shown.push(status)
      }
    )
  })
  after(() => red.stop())
  beforeEach(() => {
    shown.length = 0
    for (const collector of [stored, rejected]) {
      collector.got.length = 0
      collector.treatment = 'store'
    }
  })
  afterEach(() => red.deploy([]))

  const deploy = (options: object = {}, wires = [['stored'], ['letters']]) =>
    red.deploy([
      { id: 'tab', type: 'tab' },
      { id: 'http', z: 'tab', type: 'test-http', acknowledge: 'stored', ...options, wires },
      { id: 'stored', z: 'tab', type: 'collect', wires: [] },
      { id: 'letters', z: 'tab', type: 'collect', wires: [] }
    ])
  const listening = () => until('the port', () => nodeMetrics('http')?.gauges.get('port'))
  const post = async (body: string) => {
    const url = `http://127.0.0.1:${await listening()}`
    return (await fetch(url, { method: 'POST', body })).status
  }
  const counts = () => {
    const { in: read, returned, stored: rows, rejected: letters, inFlight } = nodeMetrics('http')!
    return { read, returned, rows, letters, inFlight }
  }
  const says = (text: RegExp) =>
    until(String(text), () => shown.some(status => text.test(status.text ?? '')), 15_000)

  it('answers when the record is stored, or its rejection is', async () => {
    await deploy()
    assert.deepEqual([await post('{"n":1}'), await post('rubbish')], [204, 204])
    assert.deepEqual(JSON.stringify(stored.records), '[{"n":1}]')
    assert.equal((rejected.records[0] as { reason: { code: string } }).reason.code, 'JSON_INVALID')
    await says(/requests\/s · 1 JSON_INVALID$/)
  })

  it('not before, and takes no more than may be in flight', async () => {
    await deploy({ maxInFlight: 1 })
    stored.treatment = 'hold'
    const first = post('{"n":1}')
    await until('it is in the flow', () => stored.got.length === 1)
    assert.equal(await post('{"n":2}'), 503)
    await says(/^1 in flight, 0 done in \d+ s$/)
    stored.release()
    assert.equal(await first, 204)
    assert.equal(await post('{"n":3}'), 204)
  })

  it('sends again what the flow failed with, says so, and in the end writes it off', async () => {
    await deploy({ retries: 1 })
    stored.treatment = 'fail'
    assert.equal(await post('{"n":1}'), 204)
    assert.equal(stored.got.length, 2)
    const [letter] = rejected.records as { attempts: number }[]
    assert.equal(letter?.attempts, 2)
  })

  it('says what it sends again, and that no wire takes dead letters', async () => {
    await deploy({ retries: 0 }, [['stored'], []])
    assert.ok(red.logs.some(({ id, msg }) => id === 'http' && /leads nowhere/.test(String(msg))))
    stored.treatment = 'fail'
    const answer = post('{"n":1}')
    await says(/^retrying, no wire/)
    stored.treatment = 'store'
    assert.equal(await answer, 204)
  })

  it('gives back what is in flight when it is closed', async () => {
    await deploy()
    stored.treatment = 'hold'
    const before = counts()
    const lost = post('{"n":1}').then(String, () => 'connection closed')
    await until('it is in the flow', () => stored.got.length === 1)
    const metrics = nodeMetrics('http')!
    await red.deploy([])
    assert.equal(await lost, 'connection closed')
    assert.deepEqual([metrics.returned - before.returned, metrics.inFlight], [1, 0])
  })

  it('says that its options cannot be used, and starts with others', async () => {
    await deploy({ port: 1 })
    assert.equal(nodeMetrics('http')?.status?.text, 'Port: 1 is not ours')
    await deploy()
    assert.equal(await post('{"n":1}'), 204)
  })
})
