import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repository } from '../../stack/services.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** Runs `npm run stack -- words` in a folder of its own, with programs from one folder only. */
function stack(folder: string, words: string[], environment: Record<string, string> = {}) {
  const { JAVA_HOME: _, ...rest } = process.env
  const own = {
    MILLRACE_HOME: join(folder, 'home'),
    MILLRACE_CACHE: join(folder, 'cache'),
    PATH: join(folder, 'bin')
  }
  const args = ['--import', tsx, join(repository, 'stack', 'cli.ts'), ...words]
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: repository,
    env: { ...rest, ...own, ...environment }
  })
}

/** A program that answers `-version` as a Java of that version does. */
function pretendJava(folder: string, version: string): void {
  const file = join(folder, 'bin', 'java')
  writeFileSync(file, `#!/bin/sh\necho 'openjdk version "${version}" 2026-01-01' >&2\n`)
  chmodSync(file, 0o755)
}

describe('npm run stack', function () {
  this.timeout(30_000)
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
    mkdirSync(join(folder, 'bin'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('says what there is', () => {
    const { stdout, status } = stack(folder, [])
    assert.match(stdout, /start.*\n.*stop/)
    assert.equal(status, 0)
  })

  for (const words of [['--help'], ['start', '--help'], ['help']]) {
    it(`says what there is: ${words.join(' ')}`, () => {
      const { stdout, status } = stack(folder, words)
      assert.match(stdout, /start.*\n.*stop/)
      assert.equal(status, 0)
    })
  }

  for (const word of ['strat', 'constructor', 'toString']) {
    it(`refuses the command ${word}, and says which there are`, () => {
      const { stderr, status } = stack(folder, [word])
      assert.match(stderr, new RegExp(`There is no command "${word}"\\.\nnpm run stack -- COMMAND`))
      assert.equal(status, 1)
      assert.match(stack(folder, ['start', word]).stderr, /There is no service/)
    })
  }

  it('says that nothing runs', () => {
    assert.match(stack(folder, ['status']).stdout, /mqtt +does not run/)
  })

  it('refuses a service that it does not have', () => {
    const { stderr, status } = stack(folder, ['start', 'redis'])
    assert.match(stderr, /There is no service "redis"\. There are mqtt, kafka/)
    assert.equal(status, 1)
  })

  const twoOtherWays = [
    /docker compose -f stack\/compose\.yaml up/,
    /MQTT_URL, KAFKA_BROKERS, TIMESCALE_URL/
  ]

  const missing = [
    {
      what: 'without Java',
      java: undefined,
      says: /no Java on PATH\. Apache Kafka and the MQTT broker run on it\. Install Java 17/
    },
    {
      what: 'with a Java that is too old',
      java: '11.0.2',
      says: /Java 17 or newer is needed, found: openjdk version "11\.0\.2"/
    },
    {
      what: 'without Maven',
      java: '21.0.1',
      says: /no Maven \("mvn"\) on PATH\. It is used once, to download the jars/
    }
  ]
  for (const { what, java, says } of missing) {
    it(`${what}: says what, why, and the two other ways, before it starts anything`, () => {
      if (java) pretendJava(folder, java)
      const { stdout, stderr, status } = stack(folder, ['start'])
      for (const part of [says, ...twoOtherWays]) assert.match(stderr, part)
      assert.doesNotMatch(stderr, /\n\s+at /)
      assert.equal(stdout, '')
      assert.equal(status, 1)
    })
  }

  it('names the JAVA_HOME that has no Java', () => {
    assert.match(
      stack(folder, ['start', 'kafka'], { JAVA_HOME: '/nowhere' }).stderr,
      /no Java in JAVA_HOME \(\/nowhere\)/
    )
  })
})
