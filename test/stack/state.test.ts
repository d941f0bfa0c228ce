import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leaveServices, readServices, startServices } from '../../stack/lifecycle.ts'
import { anyFree, holderOf, holdsAll, isFree, nextFree } from '../../stack/ports.ts'
import { end, identify, isAlive, launch } from '../../stack/process.ts'
import { fixedPorts } from '../../stack/services.ts'
import { locked, readState, stateFile, takeLock, writeState } from '../../stack/state.ts'
import { strangersOnFixedPorts } from '../../stack/strangers.ts'
import { until } from '../until.ts'

describe('the state of running things', function () {
  this.timeout(60_000)
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-state-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A process that does nothing until it is ended. */
  const sleeper = () =>
    launch(
      { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] },
      join(folder, 'log', 'sleeper.log')
    )

  describe('processes', () => {
    it('are known by their pid and their birth', async () => {
      const id = await sleeper()
      assert.ok(isAlive(id))
      assert.ok(!isAlive({ ...id, bornAt: 'another time' }))
      assert.equal(await end(id, 'SIGTERM', 5_000), true)
      assert.ok(!isAlive(id))
      assert.equal(identify(id.pid), undefined)
    })

    it('that do not heed the signal are killed', async () => {
      const child = spawn(process.execPath, [
        '-e',
        'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'
      ])
      await once(child.stdout, 'data')
      const id = identify(child.pid!)!
      assert.equal(await end(id, 'SIGTERM', 200), false)
      assert.ok(!isAlive(id))
    })

    it('that cannot be started reject', async () => {
      await assert.rejects(
        launch({ file: '/no/such/program', args: [] }, join(folder, 'log', 'x.log')),
        { code: 'ENOENT' }
      )
    })
  })

  describe('ports', () => {
    it('in use are passed over', async () => {
      const port = await anyFree(new Set())
      const server = createServer()
      await new Promise<void>(done => server.listen(port, '127.0.0.1', done))
      assert.equal(await isFree(port), false)
      assert.ok((await nextFree(port, new Set([port + 1]))) > port + 1)
      await new Promise(done => server.close(done))
      assert.equal(await isFree(port), true)
    })
  })

  describe('the holder of a port', () => {
    it('is told where the system tells', async () => {
      const port = await anyFree(new Set())
      const told = (holder: string) => (process.platform === 'linux' ? holder : 'unknown')
      assert.equal(holderOf(process.pid, port), told('nobody'))
      assert.equal(holdsAll(process.pid, [port]), process.platform !== 'linux')
      const server = createServer()
      await new Promise<void>(done => server.listen(port, '127.0.0.1', done))
      const other = await sleeper()
      assert.equal(holderOf(process.pid, port), told('ours'))
      assert.equal(holderOf(other.pid, port), told('other'))
      assert.equal(holdsAll(process.pid, [port]), true)
      await end(other, 'SIGKILL', 5_000)
      // until its parent has taken note of its end it is still in the table of processes
      await until('the process to be gone', () => holderOf(other.pid, port) === 'unknown')
      await new Promise(done => server.close(done))
    })
  })

  describe('programs on the fixed ports', () => {
    it('are told of where a service of ours is elsewhere', async () => {
      const server = createServer()
      // when it is taken already, by whomever, that serves as well
      await new Promise<void>(done =>
        server.once('error', () => done()).listen(fixedPorts.mqtt, '127.0.0.1', done)
      )
      const mqtt = (port: number) => ({
        mqtt: { url: `mqtt://127.0.0.1:${port}`, user: '', password: '' }
      })
      const [line, ...more] = await strangersOnFixedPorts(mqtt(fixedPorts.mqtt + 1))
      assert.match(
        line ?? '',
        /^Another program answers on port 18883, not this MQTT 5 broker .*write \$\{MQTT_URL\} in place of 127\.0\.0\.1:18883\.$/
      )
      assert.deepEqual(more, [])
      assert.deepEqual(await strangersOnFixedPorts(mqtt(fixedPorts.mqtt)), [])
      server.close()
    })
  })

  describe('the state of a data folder', () => {
    it('is kept', () => {
      assert.deepEqual(readState(folder), { ports: {}, running: {}, users: [] })
      const state = { ports: { mqtt: 1 }, running: {}, users: [], kafkaCluster: 'abc' }
      writeState(folder, state)
      assert.deepEqual(readState(folder), state)
    })

    it('that cannot be read is an error that names the file', () => {
      writeFileSync(stateFile(folder), '{')
      assert.throws(() => readState(folder), { code: 'SETUP_FAILED' })
    })

    it('is changed by one process at a time', async () => {
      let inside = 0
      let most = 0
      const work = () =>
        locked(folder, async () => {
          most = Math.max(most, ++inside)
          await new Promise(done => setTimeout(done, 5))
          inside--
        })
      await Promise.all([work(), work(), work()])
      assert.equal(most, 1)
    })

    it('names the holder of a lock that is not given back, and breaks that of a dead one', async () => {
      const lock = join(folder, 'lock')
      const release = await takeLock(lock, 0)
      await assert.rejects(takeLock(lock, 0), {
        code: 'FOLDER_BUSY',
        message: new RegExp(`Process ${process.pid} `)
      })
      release()
      const dead = await sleeper()
      await end(dead, 'SIGKILL', 5_000)
      writeFileSync(lock, JSON.stringify(dead))
      ;(await takeLock(lock, 0))()
    })
  })

  describe('services that several processes share', () => {
    it('end with the last of them', async () => {
      const options = { home: folder, freePorts: true, shared: true }
      await startServices(['timescale'], options)
      const other = await sleeper()
      const state = readState(folder)
      writeState(folder, { ...state, users: [...state.users, other] })
      await leaveServices(folder)
      assert.ok(readServices(folder).timescale, 'another process uses it')
      await end(other, 'SIGKILL', 5_000)
      await startServices(['timescale'], options)
      await leaveServices(folder)
      assert.deepEqual(readServices(folder), {})
    })
  })
})
