// Mostly waits.
import assert from 'node:assert/strict'
import access from '../../../../palettes/aws/nodes/aws-access/runtime.ts'
import producer from '../../../../palettes/aws/nodes/kinesis-producer/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { errorOf } from '../aws-proxy.ts'
import {
  Client,
  KEYS,
  numberIn,
  numbersOf,
  REGION,
  type Scene,
  sceneOf,
  stateOf,
  upTo
} from '../rig.ts'
import { AwsServers } from '../servers.ts'

interface Answered {
  readonly ok: boolean
  readonly message?: string
  readonly items?: readonly string[]
  readonly heard?: readonly { readonly bytes: string }[]
}

describe('kinesis-producer in Node-RED', function () {
  this.timeout(60_000)
  const servers = new AwsServers()
  let red: RunningNodeRed
  let client: Client
  let url: string
  before(async () => {
    url = await servers.start()
    client = new Client(url)
    red = await startNodeRed({ nodes: [access, producer, registerCollect] })
  })
  after(async () => {
    await red?.stop()
    client?.close()
    await servers.end()
  })
  afterEach(async () => {
    servers.proxy.fault = undefined
    await red.deploy([])
  })

  const sceneFor = (stream: string, options: object = {}) =>
    sceneOf('millrace-kinesis-producer', url, { stream, ...options })
  const write = ({ node }: Scene, payload: unknown) =>
    red.node<{ receive(message: object): void }>(node).receive({ payload })
  const numbers = (count: number, keys = count) =>
    upTo(count).map(n => ({ n, device_id: `d${n % keys}` }))

  async function byKey(stream: string): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    for (const record of await client.read(stream)) {
      const key = record.PartitionKey!
      found.set(key, [...(found.get(key) ?? []), numberIn(record)])
    }
    return found
  }

  it('writes records, and passes them on when Kinesis has taken them', async () => {
    const stream = await client.stream(2)
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    const before = servers.proxy.asked.get('PutRecords') ?? 0
    write(scene, numbers(501))
    await until('501 records', () => scene.first.records.length === 501)
    assert.equal(servers.proxy.asked.get('PutRecords')! - before, 2)
    assert.deepEqual(
      (await client.read(stream)).map(numberIn).sort((a, b) => a - b),
      upTo(501)
    )
    assert.equal(stateOf(scene).counts.stored, 501)
  })

  it('sends again what Kinesis did not take, and keeps the order of each key', async () => {
    const stream = await client.stream(1)
    let refusals = 0
    servers.proxy.fault = async ({ action, body, pass }) => {
      if (action !== 'PutRecords' || refusals >= 6) return undefined
      refusals++
      // Every other record is not taken, those of the key d0 for longest.
      const all = body.Records!
      const isTaken = (index: number) => index % 2 === 0 && all[index]!.PartitionKey !== 'd0'
      const taken = all.filter((_, index) => isTaken(index))
      const answer = taken.length > 0 ? await pass({ ...body, Records: taken }) : undefined
      let next = 0
      const Records = all.map((_, index) =>
        isTaken(index)
          ? answer!.body.Records![next++]!
          : { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
      )
      return { status: 200, body: { FailedRecordCount: 1, Records } }
    }
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    write(scene, numbers(60, 4))
    await until('60 records', () => scene.first.records.length === 60)
    assert.equal(refusals, 6)
    const found = await byKey(stream)
    for (const key of upTo(4))
      assert.deepEqual(
        found.get(`d${key}`),
        upTo(60).filter(n => n % 4 === key)
      )
  })

  it('rejects a record that is too large, or has no key, beside 499 good ones', async () => {
    const stream = await client.stream(1)
    const scene = sceneFor(stream, { maxRecordBytes: 1_000 })
    await red.deploy(scene.flow)
    const records: object[] = numbers(500)
    records[250] = { n: 250, device_id: 'd250', text: 'x'.repeat(2_000) }
    records[251] = { n: 251 }
    write(scene, records)
    await until('498 records', () => scene.first.records.length === 498)
    const reasons = (scene.rejected.records as { reason: { code: string } }[]).map(
      ({ reason }) => reason.code
    )
    assert.deepEqual(reasons, ['KINESIS_RECORD_TOO_LARGE', 'FIELD_MISSING'])
  })

  it('finds the one record for which Kinesis refuses a request', async () => {
    const stream = await client.stream(1)
    servers.proxy.fault = ({ action, body }) =>
      action === 'PutRecords' && body.Records!.some(({ PartitionKey }) => PartitionKey === 'd77')
        ? errorOf('ValidationException', '1 validation error detected')
        : undefined
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    write(scene, numbers(500))
    await until('499 records', () => scene.first.records.length === 499)
    const [refusal] = scene.rejected.records as { reason: { code: string; message: string } }[]
    assert.equal(refusal!.reason.code, 'KINESIS_RECORD_REFUSED')
    assert.match(refusal!.reason.message, /ValidationException, 1 validation error/)
    assert.equal(new Set(numbersOf(scene.first)).has(77), false)
  })

  it('blames no record while Kinesis has not answered for the stream', async () => {
    const stream = await client.stream(1)
    servers.proxy.fault = () => errorOf('ValidationException', 'at streamName: no such pattern')
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    const puts = () => servers.proxy.asked.get('PutRecords') ?? 0
    const before = puts()
    write(scene, numbers(100))
    await until('the status', () => /request refused/.test(stateOf(scene).status?.text ?? ''))
    await until('two requests', () => puts() - before >= 2)
    assert.ok(puts() - before < 10, `${puts() - before} requests`)
    servers.proxy.fault = undefined
    await until('100 records', () => scene.first.records.length === 100)
    assert.equal(scene.rejected.records.length, 0)
  })

  it('finds the first of all records to be the wrong one, where it may not look', async () => {
    const stream = await client.stream(1)
    servers.proxy.fault = ({ action, body }) => {
      if (action === 'DescribeStreamSummary') return errorOf('AccessDeniedException', 'No.')
      return action === 'PutRecords' && body.Records!.some(each => each.PartitionKey === 'd0')
        ? errorOf('ValidationException', '1 validation error detected')
        : undefined
    }
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    write(scene, numbers(20))
    await until('19 records', () => scene.first.records.length === 19)
    await until('the refusal', () => scene.rejected.records.length === 1)
  })

  it('waits while AWS is away, and loses nothing', async () => {
    const stream = await client.stream(1)
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    await until('the stream', () => stateOf(scene).status?.healthy)
    for (let n = 0; n < 1_000; n += 100) write(scene, numbers(1_000).slice(n, n + 100))
    await until('some', () => scene.first.records.length > 100)
    await servers.proxy.refuse()
    await until('the status', () => /AWS away/.test(stateOf(scene).status?.text ?? ''))
    await servers.proxy.open()
    await until('all', () => scene.first.records.length === 1_000, 30_000)
    assert.deepEqual([...new Set((await client.read(stream)).map(numberIn))].length, 1_000)
    assert.equal(scene.rejected.records.length, 0)
  })

  it('is red for a stream that is not there, and goes on when it is made', async () => {
    const scene = sceneFor('not-there')
    await red.deploy(scene.flow)
    write(scene, numbers(3))
    await until('the status', () => /not found/.test(stateOf(scene).status?.text ?? ''))
    await client.kinesis.createStream({ StreamName: 'not-there', ShardCount: 1 })
    await until('3 records', () => scene.first.records.length === 3, 20_000)
  })

  it('names the streams in the dialog, and says what the test of a connection finds', async () => {
    const stream = await client.stream(1)
    const probe = async (action: string, query: object = {}) => {
      const response = await fetch(`${red.url}/millrace/probe/millrace-aws-access`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, query, values: { region: REGION, endpoint: url, ...KEYS } })
      })
      return (await response.json()) as Answered
    }
    const { items } = await probe('millrace-aws-access:stream:names')
    assert.ok(items?.includes(stream), items?.join())
    await client.put(stream, [{ key: 'a', data: { n: 1 } }])
    const { heard } = await probe('millrace-aws-access:messages', { stream })
    assert.equal(Buffer.from(heard![0]!.bytes, 'base64').toString(), '{"n":1}')
    const { message } = await probe('test')
    assert.match(
      message!,
      /^Connected to Kinesis \(eu-central-1, 127\.0\.0\.1:\d+\): \d+ streams\.$/
    )
    servers.proxy.fault = () => errorOf('AccessDeniedException', 'User is not authorized')
    const denied = await probe('test')
    assert.ok(denied.ok)
    assert.match(denied.message!, /may not list its streams: .*not authorized/)
  })

  it('writes a dead letter with its reason and its bytes', async () => {
    const stream = await client.stream(1)
    const scene = sceneFor(stream)
    const { Provenance, reject } = await import('../../../../core/record/record.ts')
    await red.deploy(scene.flow)
    const raw = Buffer.from('{"n":')
    const taken = { origin: { kind: 'flow', topic: 'some' }, key: null, headers: {}, raw } as const
    const record = { [Symbol.for('millrace.provenance')]: new Provenance({ at: () => taken }, 0) }
    const reason = { code: 'JSON_INVALID', message: 'It ends too early.' }
    write(scene, [reject(record, 'decode', reason)])
    await until('the letter', async () => (await client.read(stream)).length === 1)
    const [letter] = await client.read(stream)
    const { headers, payload } = JSON.parse(Buffer.from(letter!.Data!).toString())
    assert.equal(headers['millrace.reason.code'], 'JSON_INVALID')
    assert.equal(Buffer.from(payload, 'base64').toString(), '{"n":')
    assert.equal(letter!.PartitionKey, 'decode')
  })
})
