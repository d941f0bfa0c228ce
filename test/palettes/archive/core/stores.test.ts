// Mostly waits.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOptions } from '../../../../core/node/spec.ts'
import { ArchiveLog } from '../../../../palettes/archive/core/archive-log.ts'
import { describeStore, templatesOf } from '../../../../palettes/archive/core/describe-store.ts'
import { openStore } from '../../../../palettes/archive/core/open-store.ts'
import { isStoreError, type Store } from '../../../../palettes/archive/core/store.ts'
import { settingsOf } from '../../../../palettes/archive/nodes/archive-store/logic.ts'
import { spec } from '../../../../palettes/archive/nodes/archive-store/spec.ts'
import { azureServer, type ObjectStore, s3Server } from '../../../servers/object-stores.ts'

interface Kind {
  readonly name: string
  /** Of one that serves; its place is made. */
  start(): Promise<Record<string, unknown>>
  missing(): Record<string, unknown>
  end(): Promise<void>
}

const place = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
const served = (name: string, server: ObjectStore): Kind => ({
  name,
  async start() {
    await server.start()
    await server.make('archive-one')
    return { ...server.settings('archive-one'), prefix: 'plant' }
  },
  missing: () => server.settings('not-there'),
  end: () => server.end()
})
const kinds: Kind[] = [
  {
    name: 'a folder',
    start: async () => ({ kind: 'folder', folder: join(place, 'folder') }),
    missing: () => ({ kind: 'folder', folder: join(place, 'none'), make: false }),
    end: async () => undefined
  },
  served('S3 (moto)', s3Server()),
  served('Azure (Azurite)', azureServer())
]

const settings = (given: object) => settingsOf(parseOptions(spec, { ...given }), place)
const pathsOf = async (store: Store, prefix: string) => {
  const paths: string[] = []
  for await (const { path } of store.list(prefix)) paths.push(path)
  return paths
}

for (const kind of kinds)
  describe(`archive store: ${kind.name}`, function () {
    this.timeout(300_000)
    let given: Record<string, unknown>
    let store: Store
    const local = join(place, 'local')

    before(async () => {
      given = await kind.start()
      store = await openStore(settings(given))
    })
    after(async () => {
      store?.close()
      await kind.end()
    })

    it('says what it can do', async () => {
      const told = await describeStore(settings(given), AbortSignal.timeout(20_000))
      assert.match(told, /can be written, read and listed\.$/)
      assert.deepEqual(await pathsOf(store, '_millrace/'), [])
    })

    it('gives a name away once, however many want it at a time', async () => {
      const tries = Array.from({ length: 12 }, (_, n) => store.create('once/a.json', `${n}`))
      assert.equal((await Promise.all(tries)).filter(Boolean).length, 1)
      assert.match((await store.read('once/a.json')) ?? '', /^\d+$/)
      assert.equal(await store.read('once/b.json'), undefined)
    })

    it('writes files small and large, lists them in order, brings and removes them', async () => {
      const bytes = Buffer.alloc(20 << 20, 'abcdefgh')
      writeFileSync(local, 'short')
      await store.put('p/b/1.txt', local)
      await store.put('p/b-2.txt', local)
      writeFileSync(local, bytes)
      await store.put('p/a ä%.bin', local)
      assert.deepEqual(await pathsOf(store, 'p/'), ['p/a ä%.bin', 'p/b-2.txt', 'p/b/1.txt'])
      assert.deepEqual(await pathsOf(store, 'p/b'), ['p/b-2.txt', 'p/b/1.txt'])
      await store.bring('p/a ä%.bin', local)
      assert.ok(readFileSync(local).equals(bytes))
      assert.equal(await store.bring('p/none', local), false)
      await store.remove('p/b/1.txt')
      await store.remove('p/b/1.txt')
      assert.deepEqual(await pathsOf(store, 'p/b'), ['p/b-2.txt'])
    })

    it('offers templates by which its files are found', async () => {
      writeFileSync(local, '{}')
      for (const place of ['t/site=a/date=2026-03-01/hour=07', 't/site=b/date=2026-03-02/hour=08'])
        await store.put(`${place}/x.jsonl`, local)
      assert.deepEqual(await templatesOf(settings(given), AbortSignal.timeout(20_000)), [
        't/site={site}/date={date}/hour={hour}/',
        't/site=a/date={date}/hour={hour}/',
        't/site=b/date={date}/hour={hour}/'
      ])
    })

    it('keeps a log in which two who write at a time never have the same offsets', async () => {
      const logs = [1, 2, 3].map(by => new ArchiveLog(store, '_millrace/a/t/0/', `${by}`))
      await Promise.all(logs.map(log => log.load()))
      const claims = logs.map((log, index) =>
        log.claim({ first: index * 5, last: index * 5 + 9, files: [] })
      )
      const taken = (await Promise.all(claims)).filter(entry => entry !== undefined)
      for (const [index, { first, last }] of taken.entries())
        for (const other of taken.slice(index + 1))
          assert.ok(last < other.first || other.last < first, 'two have the same offsets')
      assert.ok(taken.length >= 1)
      const later = new ArchiveLog(store, '_millrace/a/t/0/', '4')
      await later.load()
      for (const { first, last } of taken) {
        assert.equal(later.openAt(first)?.last, last)
        assert.equal(later.isDone(first), false)
        await later.done(later.openAt(first)!, [])
        assert.equal(later.isDone(last), true)
      }
    })

    it('says that its place is not there, and that a person must make it', async () => {
      const missing = await openStore(settings(kind.missing()))
      await assert.rejects(missing.put('a', local), (error: unknown) => {
        assert.ok(isStoreError(error), String(error))
        assert.deepEqual([error.code, error.needsPerson], ['STORE_MISSING', true], error.message)
        return true
      })
      missing.close()
    })
  })

after(() => rmSync(place, { recursive: true, force: true }))
