import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from '../../stack/services.ts'

/** A project as small as can be, whose build and whose npm only note that they ran. */
describe('bootstrap.mjs', function () {
  this.timeout(30_000)
  let folder = ''
  const at = (...parts: string[]) => join(folder, ...parts)
  const put = (name: string, content: string) => writeFileSync(at(name), content)
  const noted = (name: string) =>
    existsSync(at(name)) ? readFileSync(at(name), 'utf8').trim().split('\n') : []

  const lock = (version: string) =>
    JSON.stringify({
      packages: {
        '': {},
        'node_modules/a': { version },
        'node_modules/b': { version, optional: true }
      }
    })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-bootstrap-'))
    for (const name of ['node_modules', 'nodes']) mkdirSync(at(name))
    copyFileSync(join(repository, 'bootstrap.mjs'), at('bootstrap.mjs'))
    symlinkSync(join(repository, 'node_modules', 'tsx'), at('node_modules', 'tsx'), 'junction')
    put('package.json', '{"type": "module"}')
    put('package-lock.json', lock('1.0.0'))
    put('node_modules/.package-lock.json', lock('1.0.0'))
    put('nodes/a.ts', '')
    put(
      'build.ts',
      "import { appendFileSync, mkdirSync } from 'node:fs'\nmkdirSync('dist', { recursive: true })\nappendFileSync('builds', 'built\\n')"
    )
    put(
      'npm.cjs',
      "require('node:fs').appendFileSync('installs', process.argv.slice(2).join(' ') + '\\n')"
    )
    put(
      'main.ts',
      'console.log(JSON.stringify(process.argv.slice(2)))\nprocess.exitCode = Number(process.argv[2])'
    )
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function run(...words: string[]) {
    const env = { ...process.env, npm_execpath: at('npm.cjs') }
    return spawnSync(process.execPath, [at('bootstrap.mjs'), 'main.ts', ...words], {
      encoding: 'utf8',
      cwd: tmpdir(),
      env
    })
  }

  const inTheFuture = (name: string) =>
    utimesSync(at(name), new Date(Date.now() + 60_000), new Date(Date.now() + 60_000))

  it('hands on the arguments and the exit code', () => {
    const { stdout, status } = run('3', '--flag', 'a b')
    assert.ok(stdout.endsWith('["3","--flag","a b"]\n'))
    assert.equal(status, 3)
  })

  it('builds what is not built, and not again', () => {
    run('0')
    assert.equal(run('0').stdout, '["0"]\n')
    assert.deepEqual(noted('builds'), ['built'])
  })

  it('does not build for whoever asks what there is', () => {
    assert.equal(run('0', '--help').stdout, '["0","--help"]\n')
    assert.deepEqual(noted('builds'), [])
  })

  it('builds again when a source is newer', () => {
    run('0')
    inTheFuture('nodes/a.ts')
    assert.match(run('0').stdout, /^building the nodes\n/)
    assert.deepEqual(noted('builds'), ['built', 'built'])
  })

  it('installs when nothing is installed', () => {
    rmSync(at('node_modules', '.package-lock.json'))
    assert.match(run('0').stdout, /^installing packages \(npm ci\)\n/)
    assert.match(noted('installs')[0] ?? '', /^ci /)
  })

  it('installs when the lock file names other versions', () => {
    put('package-lock.json', lock('2.0.0'))
    inTheFuture('package-lock.json')
    run('0')
    assert.equal(noted('installs').length, 1)
  })

  it('does not install because of a date alone, or for want of an optional package', () => {
    put(
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } })
    )
    inTheFuture('package-lock.json')
    run('0')
    assert.deepEqual(noted('installs'), [])
  })

  it('says that the build has failed', () => {
    put('build.ts', "throw new Error('broken')")
    const { stderr, status } = run('0')
    assert.match(stderr, /build\.ts" failed, see above/)
    assert.equal(status, 1)
  })

  it('hands on a signal, and waits for the end', async () => {
    put(
      'main.ts',
      "process.on('SIGTERM', () => { console.log('in order'); process.exit(7) })\nsetInterval(() => {}, 1000)\nconsole.log('up')"
    )
    const child = spawn(process.execPath, [at('bootstrap.mjs'), 'main.ts'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
      if (text.includes('up')) child.kill('SIGTERM')
    })
    const [code] = await once(child, 'close')
    assert.match(output, /in order/)
    assert.equal(code, 7)
  })
})
