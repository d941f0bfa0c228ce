import assert from 'node:assert/strict'
import { fromTheFuture, type Migrations, migrated } from '../../../core/node/migrate.ts'
import { OptionsError } from '../../../core/options-error.ts'

const spec = { label: 'sample', version: 3 }
const migrations: Migrations = {
  2: ({ timeout, ...rest }) => ({ ...rest, timeoutMs: Number(timeout) * 1000 }),
  3: saved => ({ ...saved, mode: saved.mode === 'fast' ? 'low latency' : saved.mode })
}

describe('core/node/migrate', () => {
  it('brings what was saved before versions through every step, and leaves what was saved alone', () => {
    const saved = Object.freeze({ type: 'x', timeout: '5', mode: 'fast' })
    assert.deepEqual(migrated(spec, migrations, saved), {
      type: 'x',
      timeoutMs: 5000,
      mode: 'low latency',
      specVersion: 3
    })
  })

  it('takes only the steps that are left', () => {
    const saved = { timeoutMs: 7, mode: 'fast', specVersion: '2' }
    const now = { timeoutMs: 7, mode: 'low latency', specVersion: 3 }
    assert.deepEqual(migrated(spec, migrations, saved), now)
  })

  it('gives back the same object where nothing is to be done', () => {
    const saved = { mode: 'fast', specVersion: 3 }
    assert.equal(migrated(spec, migrations, saved), saved)
    const first = { mode: 'fast' }
    assert.equal(migrated({ label: 'sample' }, {}, first), first)
  })

  for (const specVersion of [4, '17', 0, -1, 2.5, 'x', {}]) {
    it(`refuses version ${JSON.stringify(specVersion)} in a sentence`, () => {
      assert.match(fromTheFuture(spec, { specVersion })!, /another release.*Update the palette\.$/)
      assert.throws(() => migrated(spec, migrations, { specVersion }), OptionsError)
    })
  }
})
