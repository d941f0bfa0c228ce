import assert from 'node:assert/strict'
import { migrated } from '../../../core/node/migrate.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import * as mqtt from '../../../nodes/mqtt-ingest/migrations.ts'
import { spec as mqttSpec } from '../../../nodes/mqtt-ingest/spec.ts'
import * as sparkplug from '../../../nodes/sparkplug-ingest/migrations.ts'
import { spec as sparkplugSpec } from '../../../nodes/sparkplug-ingest/spec.ts'

const rooms = [
  [mqttSpec, mqtt.migrations],
  [sparkplugSpec, sparkplug.migrations]
] as const

for (const [spec, migrations] of rooms)
  describe(`${spec.label}: flows from when there was no pace`, () => {
    for (const [what, options, pace, lingerMs] of [
      ['nothing set', {}, 'balanced', 40],
      ['the linger that was usual', { lingerMs: 10 }, 'balanced', 40],
      ['the same as text, as dialogs save numbers', { lingerMs: '10' }, 'balanced', 40],
      ['a linger that somebody chose', { lingerMs: '100' }, 'own', 100],
      ['none', { lingerMs: 0 }, 'own', 0],
      ['one by an environment variable', { lingerMs: `$${'{LINGER}'}` }, 'own', 7],
      ['saved by this version', { pace: 'economy', lingerMs: 10, specVersion: 2 }, 'economy', 10]
    ] as const) {
      it(`${what}: ${pace}, ${lingerMs} ms`, () => {
        const saved = migrated(spec, migrations, { broker: 'b', ...options })
        const found = parseOptions(spec, saved, () => '7')
        assert.deepEqual([found.pace, found.lingerMs], [pace, lingerMs])
      })
    }
  })
