import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { formatDefaults } from '../../../core/format/fields.ts'
import { loadingReader } from '../../../core/format/reader.ts'
import { TopicTable, type TopicTableOptions } from '../../../nodes/enrich/topic-table.ts'

describe('nodes/enrich/topic-table', () => {
  afterEach(() => mock.timers.reset())

  it('looks for a new topic once at a time, however long the broker gives no answer', async () => {
    mock.timers.enable({ apis: ['setInterval'] })
    const looks: (() => void)[] = []
    const caughtUp = () => new Promise<void>(resolve => void looks.push(resolve))
    const follower = { start: () => undefined, caughtUp, close: async () => undefined }
    const admin = { ask: async () => undefined }
    const table = new TopicTable({
      topic: 'devices',
      keyField: undefined,
      maxKeys: 10,
      maxBytes: 10_000,
      loading: loadingReader(formatDefaults({ format: 'json' })),
      cluster: { follower: () => follower, admin } as unknown as TopicTableOptions['cluster']
    })
    await turn()
    looks.pop()!()
    await table.ready(0, new AbortController().signal)
    for (let minutes = 0; minutes < 10; minutes++) mock.timers.tick(60_000)
    assert.equal(looks.length, 1)
    looks.pop()!()
    await turn()
    mock.timers.tick(60_000)
    assert.equal(looks.length, 1)
    await table.close()
  })
})
