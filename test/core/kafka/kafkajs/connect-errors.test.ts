import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { askOnce, describeCluster, listGroups, listTopics } from '../../../../core/kafka/cluster.ts'
import type { ClusterSettings, PasswordLogin } from '../../../../core/kafka/settings.ts'
import { services } from '../../../services.ts'

describe('connecting to Kafka', function () {
  this.timeout(30_000)
  let kafka: Awaited<ReturnType<typeof services<'kafka'>>>['kafka']
  const servers: Server[] = []

  before(async () => {
    kafka = (await services('kafka')).kafka
  })
  after(() => {
    for (const server of servers) server.close()
  })

  async function listen(server: Server): Promise<string> {
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const ask = (settings: Partial<ClusterSettings> & { brokers: string[] }, deadlineMs = 9_000) =>
    askOnce({ clientId: 'test', ...settings }, AbortSignal.timeout(deadlineMs), describeCluster)
  const login = (mechanism: PasswordLogin['mechanism'], password?: string) => {
    assert.ok(kafka.sasl, 'these tests need the Kafka of stack/')
    return { mechanism, username: kafka.sasl.user, password: password ?? kafka.sasl.password }
  }
  const tls = () => {
    assert.ok(kafka.mtls, 'these tests need the Kafka of stack/')
    const { ca, clientCert, clientKey } = kafka.mtls
    return { ca: readFileSync(ca), cert: readFileSync(clientCert), key: readFileSync(clientKey) }
  }
  const refusal = async (
    settings: Partial<ClusterSettings> & { brokers: string[] },
    deadlineMs?: number
  ) => {
    const error = await ask(settings, deadlineMs).then(
      answer => assert.fail(`connected: ${answer}`),
      (reason: Error & { code?: string }) => reason
    )
    assert.equal(error.code, 'KAFKA_CONNECT_FAILED')
    assert.match(error.message, /^\S.*[.?]$/s)
    return error.message
  }

  it('says what is there', async () => {
    assert.match(
      await ask({ brokers: [kafka.brokers] }),
      /^Connected: 1 broker \(127\.0\.0\.1:\d+\), cluster \S+$/
    )
  })

  it('logs in by each mechanism, and by certificate', async () => {
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      assert.match(
        await ask({ brokers: [kafka.sasl!.brokers], sasl: login(mechanism) }),
        /^Connected/
      )
    }
    assert.match(await ask({ brokers: [kafka.mtls!.brokers], tls: tls() }), /^Connected/)
  })

  it('lists topics and groups', async () => {
    const settings = { brokers: [kafka.brokers], clientId: 'test' }
    assert.ok(Array.isArray(await askOnce(settings, AbortSignal.timeout(9_000), listTopics)))
    assert.ok(Array.isArray(await askOnce(settings, AbortSignal.timeout(9_000), listGroups)))
  })

  it('nobody there', async () => {
    assert.match(await refusal({ brokers: ['127.0.0.1:1'] }), /^Nothing listens at 127\.0\.0\.1:1 /)
  })
  it('an unknown host', async () => {
    assert.match(
      await refusal({ brokers: ['no-such-host.invalid:9092'] }),
      /^The host of no-such-host\.invalid:9092 /
    )
  })
  it('trap 21: a port that never answers', async () => {
    assert.match(
      await refusal({ brokers: [await listen(createServer(() => {}))] }, 2_000),
      /no answer/
    )
  })
  it('trap 21: TLS to a plain port', async () => {
    assert.match(await refusal({ brokers: [kafka.brokers], tls: tls() }), /does not speak TLS/)
  })
  it('trap 21: plain to a TLS port', async () => {
    assert.match(await refusal({ brokers: [kafka.mtls!.brokers] }), /want.* TLS/)
  })
  it('trap 21: a login to a port that takes none', async () => {
    assert.match(
      await refusal({ brokers: [kafka.brokers], sasl: login('plain') }),
      /takes no login/
    )
  })
  it('trap 21: no login to a port that wants one', async () => {
    assert.match(await refusal({ brokers: [kafka.sasl!.brokers] }), /may want a login/)
  })
  it('a wrong password', async () => {
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const message = await refusal({
        brokers: [kafka.sasl!.brokers],
        sasl: login(mechanism, 'wrong')
      })
      assert.match(message, /refused the user name or password/)
      assert.doesNotMatch(message, /wrong/)
    }
  })
  it('a certificate that is not trusted', async () => {
    const { cert, key } = tls()
    assert.match(
      await refusal({ brokers: [kafka.mtls!.brokers], tls: { cert, key } }),
      /certificate/
    )
  })
  it('a missing client certificate', async () => {
    assert.match(
      await refusal({ brokers: [kafka.mtls!.brokers], tls: { ca: tls().ca } }),
      /client certificate/
    )
  })
  it('trap 21: a web server', async () => {
    const http = createHttp((_request, response) => response.end('hello'))
    assert.match(await refusal({ brokers: [await listen(http)] }), /is a web server, not Kafka/)
  })
  it('an SSH server', async () => {
    assert.match(
      await refusal({
        brokers: [await listen(createServer(socket => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))]
      }),
      /SSH server/
    )
  })
})
