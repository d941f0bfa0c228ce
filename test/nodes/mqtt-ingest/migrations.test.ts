import assert from 'node:assert/strict'
import { migrated } from '../../../core/node/migrate.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { migrations } from '../../../nodes/mqtt-ingest/migrations.ts'
import { spec } from '../../../nodes/mqtt-ingest/spec.ts'

describe('mqtt-ingest: flows from when five levels were the default', () => {
  const FIVE = '{org}/{site}/{device_type}/{device_id}/{measurement}'
  for (const [what, saved, topic] of [
    ['left out', {}, FIVE],
    ['written', { topic: 'a/{device_id}', specVersion: 2 }, 'a/{device_id}'],
    ['left out in this version', { specVersion: 3 }, '#']
  ] as const) {
    it(`topics that are ${what}: ${topic}`, () => {
      const options = parseOptions(spec, migrated(spec, migrations, { broker: 'b', ...saved }))
      assert.equal(options.topic, topic)
    })
  }
})
