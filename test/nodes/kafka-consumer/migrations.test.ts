import assert from 'node:assert/strict'
import { migrated } from '../../../core/node/migrate.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { migrations } from '../../../nodes/kafka-consumer/migrations.ts'
import { spec } from '../../../nodes/kafka-consumer/spec.ts'

const saved = (options: object) => ({ cluster: 'c', ...options })
const inFlight = (options: object) =>
  parseOptions(spec, migrated(spec, migrations, saved(options)), () => '7').maxInFlight

describe('kafka-consumer: flows from when "In flight" counted batches', () => {
  for (const [what, options, records] of [
    ['nothing set', {}, 50_000],
    ['batches of the usual size', { maxInFlight: 20 }, 10_000],
    ['text, as dialogs save numbers', { maxInFlight: '20', batchSize: '50' }, 1_000],
    ['another size of batches alone', { batchSize: 1 }, 100],
    ['more than is ever on its way', { maxInFlight: 10_000, batchSize: 10_000 }, 1_000_000],
    ['batches by an environment variable', { maxInFlight: `$${'{BATCHES}'}` }, 50_000],
    ['a size by an environment variable', { maxInFlight: 3, batchSize: `$${'{SIZE}'}` }, 1_500],
    ['records, saved by this version', { maxInFlight: 123, specVersion: 2 }, 123]
  ] as const) {
    it(`${what}: ${records} records`, () => assert.equal(inFlight(options), records))
  }

  it('leaves wrong what was wrong', () =>
    assert.throws(() => inFlight({ maxInFlight: 0 }), /Records in flight/))
})
