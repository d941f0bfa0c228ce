import assert from 'node:assert/strict'
import { type AddressInfo, createServer, connect as dial, type Server } from 'node:net'
import type { Connection } from 'pg'
import { CopyIn } from '../../../core/postgres/copy.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { fromUrl } from '../../../core/postgres/settings.ts'
import { services } from '../../services.ts'
import { databaseAt } from './table-under-test.ts'

/** A way to the server on which it is seen what the client sends, piece by piece. */
class Way {
  readonly sent: Buffer[] = []
  #server: Server | undefined

  /** @param key what the clients are told as their keys, as a pooler does */
  async open(url: string, key?: number): Promise<string> {
    const { host, port } = fromUrl(url)
    this.#server = createServer(near => {
      const far = dial(port, host)
      near.on('data', bytes => {
        this.sent.push(bytes)
        far.write(bytes)
      })
      far.on('data', bytes => near.write(key === undefined ? bytes : withKey(bytes, key)))
      for (const [from, to] of [
        [near, far],
        [far, near]
      ] as const) {
        from.on('error', () => to.destroy())
        from.on('close', () => to.destroy())
      }
    })
    await new Promise<void>(resolve => this.#server!.listen(0, '127.0.0.1', resolve))
    const through = new URL(url)
    through.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return through.href
  }
  close(): void {
    this.#server?.close()
  }
}

/** BackendKeyData: K, a length of 12, the process and its secret. */
function withKey(bytes: Buffer, key: number): Buffer {
  const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]))
  if (at !== -1) bytes.writeInt32BE(key, at + 5)
  return bytes
}

/** CopyData with this text, and CopyDone. */
function copyData(text: string): Buffer {
  const head = Buffer.from([0x64, 0, 0, 0, 0])
  head.writeInt32BE(4 + Buffer.byteLength(text), 1)
  return Buffer.concat([head, Buffer.from(text), Buffer.from([0x63, 0, 0, 0, 4])])
}

const COPY = 'COPY copied FROM STDIN'

describe('COPY', function () {
  this.timeout(30_000)
  let url = ''
  let direct: Database
  before(async function () {
    this.timeout(120_000)
    url = (await services('postgres')).postgres.url
    direct = databaseAt(url)
    await direct.query('CREATE TABLE IF NOT EXISTS copied (value int)')
  })
  after(async () => {
    await direct.query('DROP TABLE copied')
    await direct.close()
  })

  /** The piece with the statement, of a COPY on this way. */
  async function pieceOfCopy(key?: number): Promise<string> {
    const way = new Way()
    const database = databaseAt(await way.open(url, key), { maxConnections: 1 })
    try {
      const copied = await database.with(session => session.copyIn(COPY, copyData('7\n')))
      assert.equal(copied, 1)
      return way.sent.find(bytes => bytes.includes(COPY))!.toString('latin1')
    } finally {
      await database.close()
      way.close()
    }
  }

  it('brings its data along where nothing is between', async () => {
    assert.match(await pieceOfCopy(), /COPY copied FROM STDIN.*d.*7\n/s)
  })

  it('waits with its data for the word of the server behind a pooler', async () => {
    assert.doesNotMatch(await pieceOfCopy(-5), /7\n/)
  })

  it('that fails at once leaves a connection that goes on, whatever the size of the data', async () => {
    const database = databaseAt(url, { maxConnections: 1 })
    try {
      for (const rows of [1, 1_000_000]) {
        const data = copyData('7\n'.repeat(rows))
        await assert.rejects(
          database.with(session => session.copyIn('COPY nowhere FROM STDIN', data)),
          { code: '42P01' }
        )
        const pid = 'SELECT pg_backend_pid() AS pid'
        const [before, after] = [await database.query(pid), await database.query(pid)]
        assert.deepEqual(before.rows, after.rows)
      }
    } finally {
      await database.close()
    }
  })

  it('has failed when its data is not needed any more', () => {
    let written = () => {}
    const told: string[] = []
    const stream = {
      write(_bytes: Buffer, callback: () => void) {
        written = callback
        return false
      }
    }
    const connection = { stream, query: () => undefined } as unknown as Connection
    const copy = new CopyIn(
      COPY,
      copyData('x\n'),
      false,
      () => {},
      error => told.push(String(error))
    )
    copy.submit(connection)
    copy.handleCopyInResponse(connection)
    copy.handleError('refused')
    assert.deepEqual(told, [])
    written()
    assert.deepEqual(told, ['refused'])
  })
})
