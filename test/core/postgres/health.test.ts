import assert from 'node:assert/strict'
import { parseTableName } from '../../../core/postgres/identifier.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { examined as examinedDatabase } from '../../../nodes/timescale-database/examine.ts'
import { examined as examinedTable } from '../../../nodes/timescale-sink/examine.ts'
import { services } from '../../services.ts'
import { databaseAt } from './table-under-test.ts'

describe('what doctor asks a database', function () {
  this.timeout(60_000)
  let owner: Database
  let url = ''
  const user = `plain_${process.pid}`
  const signal = () => new AbortController().signal

  before(async () => {
    url = (await services('postgres')).postgres.url
    owner = databaseAt(url)
    await owner.query(`CREATE ROLE ${user} LOGIN PASSWORD 'p'`)
  })
  after(async () => {
    await owner.query(`DROP ROLE ${user}`)
    await owner.close()
  })

  /** While this many connections are in a transaction. */
  async function amid<T>(count: number, work: () => Promise<T>): Promise<T> {
    if (count === 0) return work()
    return owner.with(async session => {
      await session.query('BEGIN')
      const result = await amid(count - 1, work)
      await session.query('ROLLBACK')
      return result
    })
  }

  it('an ordinary user counts the connections of others, and is told what it cannot see', async () => {
    const plain = databaseAt(url, { user, password: 'p' })
    const [seen, all] = await amid(6, async () => [
      await examinedDatabase(plain, signal()),
      await examinedDatabase(owner, signal())
    ])
    await plain.close()
    for (const { found } of [seen!, all!]) {
      const [, connections] = /(\d+) of \d+ connections/.exec(found)!
      assert.ok(Number(connections) >= 7, found)
    }
    assert.match(seen!.found, /transactions of other users cannot be seen .*pg_read_all_stats/)
    assert.doesNotMatch(all!.found, /cannot be seen/)
    assert.deepEqual([seen!.state, all!.state], ['well', 'well'])
  })

  it('is answered while all connections of the node are at work, which wait for nothing', async () => {
    const busy = databaseAt(url, { maxConnections: 1, connectTimeoutMs: 500 })
    const answers = await busy.with(async session => {
      await session.query('SELECT 1')
      return [
        await examinedDatabase(busy, signal()),
        ...(await examinedTable(busy, parseTableName('nowhere')!, signal()))
      ]
    })
    assert.deepEqual(
      answers.map(({ state }) => state),
      ['well', 'unknown']
    )
    assert.equal(answers[1]!.found, 'is not there yet')
    await busy.close()
  })

  it('a server that has no connection left is told as such', async () => {
    await owner.query(`ALTER ROLE ${user} CONNECTION LIMIT 0`)
    const plain = databaseAt(url, { user, password: 'p' })
    const { state, todo } = await examinedDatabase(plain, signal())
    await plain.close()
    assert.equal(state, 'look')
    assert.match(todo!, /^Connections run out/)
  })
})
