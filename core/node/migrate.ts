import { OptionsError } from '../options-error.ts'

/** A node's configuration as a flow file holds it. */
export type Saved = Readonly<Record<string, unknown>>

/**
 * How a saved configuration comes from one version of a spec to the next: `2` makes version 2 of
 * one of version 1. Plain functions without Node, since the editor runs them too. They change what
 * the flow file holds (renamed fields, other units, other values), and leave alone what a field
 * that is new begins with: its default.
 */
export type Migrations = Readonly<Record<number, (saved: Saved) => Saved>>

/** Where a flow file keeps the version of the spec that a node was saved with. */
export const VERSION_FIELD = 'specVersion'

/** What a migration needs to know of a spec. */
interface Versioned {
  readonly label: string
  readonly version?: number
}

/** The version that a node was saved with; flows from before versions have none, which is 1. */
export const versionOf = (saved: Saved): number => Number(saved[VERSION_FIELD] ?? 1)

/**
 * The sentence for a node that a newer release has saved; undefined where this one knows its
 * version.
 */
export function fromTheFuture({ label, version = 1 }: Versioned, saved: Saved): string | undefined {
  const found = versionOf(saved)
  if (Number.isInteger(found) && found >= 1 && found <= version) return undefined
  return `This ${label} was saved by another release of the palette (version ${saved[VERSION_FIELD]} of its settings; this release knows ${version}). Update the palette.`
}

/**
 * The configuration as this release understands it; the same object where it is of this version
 * already.
 * @throws OptionsError for one that a newer release has saved
 */
export function migrated(spec: Versioned, migrations: Migrations, saved: Saved): Saved {
  const problem = fromTheFuture(spec, saved)
  if (problem !== undefined) throw new OptionsError(spec.label, [problem])
  const wanted = spec.version ?? 1
  let now = saved
  for (let version = versionOf(saved) + 1; version <= wanted; version++) {
    const step = migrations[version]
    if (step === undefined) throw new Error(`There is no migration to version ${version}.`)
    now = { ...step(now), [VERSION_FIELD]: version }
  }
  return now
}
