// Mostly waits.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readServices, resetServices } from '../../stack/lifecycle.ts'
import { end, identify, isAlive, type ProcessId } from '../../stack/process.ts'
import { fixedPorts, repository } from '../../stack/services.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** A running `npm start` and what it has printed. */
class Start {
  output = ''
  readonly process: ChildProcess

  constructor(home: string, ...words: string[]) {
    const args = ['--import', tsx, join(repository, 'stack', 'start.ts'), '--free-ports', ...words]
    const env = { ...process.env, MILLRACE_HOME: home }
    this.process = spawn(process.execPath, args, {
      cwd: repository,
      env,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding('utf8').on('data', text => this.take(text))
  }

  private take(text: string): void {
    this.output += text
    this.process.emit('printed')
  }

  /** Waits for an output; rejects when the process ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((done, failed) => {
      const look = () => {
        const found = pattern.exec(this.output)
        if (found) done(found)
        return found
      }
      if (look()) return
      this.process.on('printed', look)
      this.process.once(
        'close',
        () => look() ?? failed(new Error(`ended without printing ${pattern}:\n${this.output}`))
      )
    })
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const gone = once(this.process, 'exit')
    this.process.kill(signal)
    return (await gone)[0]
  }
}

describe('npm start', function () {
  this.timeout(180_000)
  const home = mkdtempSync(join(tmpdir(), 'millrace-start-'))
  const nodeRedFile = join(home, 'node-red', 'process.json')
  const nodeRedProcess = () => JSON.parse(readFileSync(nodeRedFile, 'utf8')) as ProcessId
  const starts: Start[] = []

  function startNow(...words: string[]): Start {
    const start = new Start(home, ...words)
    starts.push(start)
    return start
  }

  after('leave nothing behind when a test has failed', async () => {
    for (const start of starts) start.process.kill('SIGKILL')
    if (existsSync(nodeRedFile)) await end(nodeRedProcess(), 'SIGKILL', 5_000)
    await resetServices(home)
    rmSync(home, { recursive: true, force: true })
  })

  it('stores what the fleet publishes, goes on with the data after a crash, and stops everything at Ctrl-C', async () => {
    let start = startNow()
    const [, editor = ''] = await start.printed(/Editor +(http\S+)/)
    assert.ok((await fetch(editor)).ok)
    await start.printed(/ in [1-9][\d,]* .* stored [1-9]/)
    await start.end('SIGKILL')
    const leftOver = nodeRedProcess()
    assert.ok(isAlive(leftOver))

    start = startNow()
    await start.printed(/ending the one that an earlier start has left behind/)
    assert.notEqual((await start.printed(/rows in the table: ([\d,]+)/))[1], '0')
    await start.printed(/Ctrl-C/)
    assert.ok(!isAlive(leftOver))
    const running = [
      nodeRedProcess().pid,
      ...Object.values(readServices(home)).map(service => service.pid ?? 0)
    ]
    assert.equal(running.length, 4)
    assert.equal(await start.end('SIGINT'), 0)
    assert.deepEqual(running.filter(identify), [])
    assert.match(start.output, /stopping\n.*stopped\n$/s)
  })

  it('begins anew with --fresh, and is there once for a data folder', async () => {
    const start = startNow('--fresh', '--no-simulator')
    await start.printed(/rows in the table: 0\n/)
    const second = startNow()
    const [, pid] = await second.printed(/Process (\d+) holds/)
    assert.equal(Number(pid), start.process.pid)
    assert.equal(await start.end('SIGINT'), 0)
    assert.deepEqual(readServices(home), {})
  })

  it('tells of a service that has ended, and of another program on a port of the examples', async () => {
    const squatter = createServer()
    // when it is taken already, by whomever, that serves as well
    await new Promise<void>(done =>
      squatter.once('error', () => done()).listen(fixedPorts.mqtt, '127.0.0.1', done)
    )
    const start = startNow('--no-simulator')
    await start.printed(/Note +Another program answers on port 18883, not this MQTT 5 broker/)
    squatter.close()
    process.kill(readServices(home).mqtt!.pid!, 'SIGKILL')
    await start.printed(
      /The MQTT 5 broker .* has ended\..*Start it again with: npm run stack -- start mqtt\n/s
    )
    assert.equal(await start.end('SIGINT'), 0)
    assert.equal(start.output.split('has ended').length, 2, 'once')
  })

  it('says what there is, and starts nothing', async () => {
    const start = startNow('--help')
    await start.printed(
      /--fresh .*\n.*--no-simulator .*\n.*--free-ports .*npm run stack -- --help/s
    )
    assert.doesNotMatch(start.output, /starting/)
  })

  it('refuses an option that it does not have, and says which there are', async () => {
    await startNow('--fesh').printed(/There is no option --fesh\.\n.*--fresh /s)
    await startNow('constructor').printed(/There is no option constructor\.\n.*--fresh /s)
  })
})
