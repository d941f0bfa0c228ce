// Mostly waits.
/** What kinesis-local does not know: keys that are checked, roles, the limits of requests. */
import assert from 'node:assert/strict'
import { AwsAccess } from '../../../palettes/aws/core/access.ts'
import access from '../../../palettes/aws/nodes/aws-access/runtime.ts'
import consumer from '../../../palettes/aws/nodes/kinesis-consumer/runtime.ts'
import producer from '../../../palettes/aws/nodes/kinesis-producer/runtime.ts'
import { MOTO, motoLacks } from '../../../stack/aws/moto.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { Client, KEYS, numbersOf, REGION, sceneOf, stateOf, unique, upTo } from './rig.ts'
import { MotoServer } from './servers.ts'

const lacks = motoLacks()
if (lacks === undefined) onMoto()
else console.log(`⚠ not run: the tests of AWS on ${MOTO}: ${lacks}`)

function onMoto(): void {
  describe('AWS on moto', function () {
    this.timeout(90_000)
    const moto = new MotoServer()
    let red: RunningNodeRed
    let client: Client
    let url: string
    let keys: typeof KEYS
    before(async function () {
      this.timeout(400_000)
      url = await moto.start()
      client = new Client(url)
      keys = await newUser()
      red = await startNodeRed({ nodes: [access, consumer, producer, registerCollect] })
    })
    after(async () => {
      await red?.stop()
      client?.close()
      await moto.end()
    })
    afterEach(async () => {
      await moto.checksKeys(false)
      await red.deploy([])
    })

    /** A question of IAM or STS, whose answers are XML. */
    async function ask(parameters: Record<string, string>): Promise<string> {
      const Version = '2010-05-08'
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/${REGION}/iam/aws4_request`
        },
        body: new URLSearchParams({ Version, ...parameters })
      })
      const text = await response.text()
      if (!response.ok) throw new Error(text)
      return text
    }

    /** Who may do everything with Kinesis. */
    async function newUser(): Promise<typeof KEYS> {
      const UserName = 'writer'
      await ask({ Action: 'CreateUser', UserName })
      const Statement = [{ Effect: 'Allow', Action: 'kinesis:*', Resource: '*' }]
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
      await ask({ Action: 'PutUserPolicy', UserName, PolicyName: 'writes', PolicyDocument })
      const answer = await ask({ Action: 'CreateAccessKey', UserName })
      const part = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(answer)![1]!
      return { accessKeyId: part('AccessKeyId'), secretAccessKey: part('SecretAccessKey') }
    }

    /** Presses "Test connection" with these values in the dialog. */
    async function test(values: object): Promise<{ ok: boolean; message: string }> {
      const response = await fetch(`${red.url}/millrace/probe/millrace-aws-access`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          action: 'test',
          values: { region: REGION, endpoint: url, ...values }
        })
      })
      return (await response.json()) as { ok: boolean; message: string }
    }

    it('tests a connection, and says what is wrong with keys and rights', async () => {
      const { ok, message } = await test(KEYS)
      assert.ok(ok, message)
      assert.match(
        message,
        /^Connected to Kinesis \(eu-central-1, 127\.0\.0\.1:\d+\): no streams\.$/
      )
      await moto.checksKeys(true)
      for (const wrong of [{ accessKeyId: 'AKIANOBODY' }, { secretAccessKey: 'wrong-secret' }]) {
        const answer = await test({ ...keys, ...wrong })
        assert.ok(!answer.ok)
        // moto says the rest in XML, which is not what Kinesis speaks.
        assert.match(answer.message, /refuses a request for the list of streams/)
        assert.doesNotMatch(answer.message, /wrong-secret/)
      }
      const right = await test(keys)
      assert.ok(right.ok, right.message)
    })

    it('is red for a wrong key, and goes on with the right one', async () => {
      const stream = await client.stream()
      await moto.checksKeys(true)
      const wrong = { ...keys, secretAccessKey: 'wrong-secret' }
      const scene = sceneOf('millrace-kinesis-producer', url, { stream }, wrong)
      await red.deploy(scene.flow)
      red.node<{ receive(message: object): void }>(scene.node).receive({
        payload: [{ device_id: 'd1', n: 1 }]
      })
      await until('the status', () => /credentials refused/.test(stateOf(scene).status?.text ?? ''))
      assert.equal(scene.rejected.records.length + scene.first.records.length, 0)
      const reads = sceneOf('millrace-kinesis-consumer', url, { stream }, wrong)
      await red.deploy(reads.flow)
      await until('the status', () => /credentials refused/.test(stateOf(reads).status?.text ?? ''))
      const right = sceneOf('millrace-kinesis-producer', url, { stream }, keys)
      await red.deploy(right.flow)
      red.node<{ receive(message: object): void }>(right.node).receive({
        payload: [{ device_id: 'd1', n: 1 }]
      })
      await until('the record', () => right.first.records.length === 1)
    })

    it('takes on a role', async () => {
      const settings = {
        region: REGION,
        endpoint: url,
        tableEndpoint: '',
        stsEndpoint: '',
        login: 'keys' as const
      }
      const roleArn = 'arn:aws:iam::123456789012:role/millrace'
      const more = { ...KEYS, sessionToken: '', roleArn, externalId: 'plant' }
      const kinesis = await new AwsAccess({ ...settings, ...more }).kinesis()
      const { accessKeyId, sessionToken } = await kinesis.config.credentials()
      assert.match(accessKeyId, /^ASIA/)
      assert.ok(sessionToken)
      await kinesis.listStreams({})
      kinesis.destroy()
      // A VPC endpoint of Kinesis knows no roles.
      const endpoint = 'https://vpce-0123.kinesis.eu-central-1.vpce.amazonaws.com'
      const vpc = { ...settings, ...more, endpoint, stsEndpoint: url }
      const within = await new AwsAccess(vpc).kinesis()
      assert.match((await within.config.credentials()).accessKeyId, /^ASIA/)
      within.destroy()
    })

    it('writes and reads records of 1 MB beside small ones, within the limits of a request', async () => {
      const stream = await client.stream(2)
      const scene = sceneOf('millrace-kinesis-producer', url, { stream })
      await red.deploy(scene.flow)
      const text = 'x'.repeat(1_000_000)
      const payload = upTo(1_012).map(n => ({
        n,
        device_id: `d${n}`,
        ...(n < 12 ? { text } : {})
      }))
      red.node<{ receive(message: object): void }>(scene.node).receive({ payload })
      await until('all', () => scene.first.records.length === 1_012)
      assert.equal(scene.rejected.records.length, 0)
      const application = unique('app')
      const reads = sceneOf('millrace-kinesis-consumer', url, { stream, application, pollMs: 200 })
      await red.deploy(reads.flow)
      await until('all', () => reads.first.records.length === 1_012)
      assert.deepEqual(numbersOf(reads.first), upTo(1_012))
    })
  })
}
