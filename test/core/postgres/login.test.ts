import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseSentence } from '../../../core/postgres/connect-errors.ts'
import { loginFromEnvironment, loginFromFiles } from '../../../core/postgres/login.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { SettingError } from '../../../core/postgres/setting-error.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { countRows, databaseAt, readings, TestWriter } from './table-under-test.ts'

describe('user and password of a database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-login-'))
  const file = (name: string, text: string | Buffer): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  after(() => rmSync(folder, { recursive: true }))

  it('are the one line of their files, read anew each time', async () => {
    const password = file('password', 'p ä:s\r\n')
    const read = loginFromFiles({ password, user: file('user', 'reader\n') })
    assert.deepEqual(await read(), { user: 'reader', password: 'p ä:s', from: password })
    writeFileSync(password, 'new')
    assert.equal((await read()).password, 'new')
  })

  it('are variables, looked up anew each time', async () => {
    const environment: NodeJS.ProcessEnv = { PW: 'a', DB_USER: 'u' }
    const read = loginFromEnvironment({ password: 'PW', user: 'DB_USER' }, environment)
    assert.deepEqual(await read(), { user: 'u', password: 'a', from: 'PW' })
    environment.PW = 'b'
    assert.equal((await read()).password, 'b')
    delete environment.DB_USER
    await assert.rejects(read, /variable DB_USER with the user name of the database is not set/)
  })

  const wrong: [name: string, path: () => string, says: RegExp][] = [
    ['missing', () => join(folder, 'nowhere'), /cannot be read: ENOENT/],
    ['empty', () => file('empty', '\n'), /is empty/],
    ['of several lines', () => file('lines', 'a\nb\n'), /holds more than one line/],
    ['no text', () => file('binary', Buffer.from([97, 0, 98])), /holds more than one line/],
    ['too long', () => file('long', 'x'.repeat(20_000)), /it is too long/],
    ['a folder', () => folder, /it is no file/]
  ]
  for (const [name, path, says] of wrong)
    it(`are not in a file that is ${name}`, () =>
      assert.rejects(loginFromFiles({ password: path(), user: '' }), (error: unknown) => {
        assert.ok(error instanceof SettingError)
        assert.match(error.message, says)
        return error.words === 'password missing'
      }))
})

describe('a password that is changed while rows are written', function () {
  this.timeout(60_000)
  const role = `rotated_${process.pid}`
  const table = `rotated_${process.pid}`
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rotated-'))
  const path = join(folder, 'password')
  let owner: Database
  let database: Database
  let writer: TestWriter

  before(async function () {
    this.timeout(120_000)
    const { url } = (await services('postgres')).postgres
    owner = databaseAt(url)
    await owner.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'first'; GRANT ALL ON SCHEMA public TO ${role}`
    )
    writeFileSync(path, 'first\n')
    const login = loginFromFiles({ password: path, user: '' })
    database = databaseAt(url, { user: role, login })
    writer = new TestWriter(database, table)
  })
  after(async () => {
    await writer.close()
    await database.close()
    await owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await owner.close()
    rmSync(folder, { recursive: true })
  })
  /** The server ends what was let in before, as many do when a secret is rotated. */
  const rotate = (password: string) =>
    owner.query(
      `ALTER ROLE ${role} PASSWORD '${password}'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`
    )

  it('is read from its file, and a wrong one is waited for', async () => {
    assert.equal((await writer.put(readings(0, 10))).stored, 10)
    writeFileSync(path, 'second\n')
    await rotate('second')
    assert.equal((await writer.put(readings(10, 10))).stored, 10)

    await rotate('third')
    const waiting = writer.put(readings(20, 10))
    const told = () => writer.troubles.findLast(trouble => trouble?.kind === 'setting')
    await until('the refusal', () => told() !== undefined, 20_000)
    const sentence = databaseSentence(told()!.error, database.place)
    assert.match(
      sentence,
      new RegExp(`refused the password of the user "${role}", as it stands in `)
    )
    assert.ok(sentence.includes(path) && !sentence.includes('second'))

    rmSync(path)
    await until(
      'the file is missed',
      () => /cannot be read/.test(databaseSentence(told()!.error, database.place)),
      20_000
    )
    writeFileSync(path, 'third')
    assert.equal((await waiting).stored, 10)
    assert.equal(await countRows(owner, table), 30)
    assert.equal(writer.troubles.at(-1), undefined)
  })
})
