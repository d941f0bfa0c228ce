import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readRooms } from '../../build/rooms.ts'
import { type Migrations, migrated, VERSION_FIELD, versionOf } from '../../core/node/migrate.ts'
import { parseOptions } from '../../core/node/spec.ts'
import { ROOT } from '../house/sources.ts'
import { environment } from './environment.ts'

/** A node as a flow file of that time holds it, and what it meant then. */
interface Entry {
  readonly saved: Record<string, unknown>
  readonly options: Record<string, unknown>
}

const { rooms } = await readRooms(ROOT)
const FLOWS = join(ROOT, 'test', 'flows')
const versions = readdirSync(FLOWS).filter(name => /^v\d+$/.test(name))

async function migrationsOf(folder: string): Promise<Migrations> {
  const file = join(folder, 'migrations.ts')
  if (!existsSync(file)) return {}
  return ((await import(pathToFileURL(file).href)) as { migrations: Migrations }).migrations
}

/** What is lost or changed of a node that was saved then; empty if nothing is. */
function differences(
  entry: Entry,
  now: Readonly<Record<string, unknown>>,
  steps: number
): string[] {
  return Object.entries(entry.options).flatMap(([field, then]) => {
    if (!(field in now)) return steps > 0 ? [] : [`${field} is gone without a migration`]
    // A step may give a field another meaning; its own test says which.
    if (steps > 0 || JSON.stringify(now[field]) === JSON.stringify(then)) return []
    return [`${field} was ${JSON.stringify(then)}, and is ${JSON.stringify(now[field])} now`]
  })
}

describe('flows that were saved', () => {
  it('are there from the first version on', () => assert.ok(versions.includes('v1')))

  for (const { name, spec, folder } of rooms) {
    it(`of ${name} have a step for each version of its settings`, async () => {
      const steps = Object.keys(await migrationsOf(folder)).map(Number)
      const wanted = Array.from({ length: (spec.version ?? 1) - 1 }, (_, index) => index + 2)
      assert.deepEqual(steps, wanted)
      const runtime = readFileSync(join(folder, 'runtime.ts'), 'utf8')
      assert.equal(
        steps.length > 0,
        /\bmigrations\b/.test(runtime),
        'runtime.ts gives them to the node'
      )
    })
  }

  for (const version of versions) {
    for (const { name, spec, folder } of rooms) {
      const file = join(FLOWS, version, `${name}.json`)
      if (!existsSync(file)) continue
      it(`as ${version} load with the same options: ${name}`, async () => {
        const migrations = await migrationsOf(folder)
        for (const entry of JSON.parse(readFileSync(file, 'utf8')) as Entry[]) {
          const saved = migrated(spec, migrations, entry.saved)
          const now = parseOptions(spec, saved, environment) as Record<string, unknown>
          const steps = (spec.version ?? 1) - versionOf(entry.saved)
          assert.deepEqual(differences(entry, now, steps), [], String(entry.saved.name))
          if (steps > 0) assert.equal(saved[VERSION_FIELD], spec.version)
        }
      })
    }
  }

  it('would be missed if a field were renamed', () => {
    const entry = { saved: {}, options: { timeoutS: 30 } }
    assert.deepEqual(differences(entry, { timeoutMs: 30_000 }, 0), [
      'timeoutS is gone without a migration'
    ])
  })
})
