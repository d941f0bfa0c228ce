import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const FORMATS = join(import.meta.dirname, '..', '..', '..', 'core', 'format')
/** What undoes zstd is small, and needed while a payload is read. */
const AT_HAND = ['fzstd']

/** What a file imports when it is loaded, but for types. */
const importedBy = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^import (?!type ).*?from '([^']+)'/gms)].map(
    ([, name]) => name!
  )

describe('the libraries of formats', () => {
  it('are loaded when a node needs them, and not with the palette', () => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    const open = [join(FORMATS, 'reader.ts')]
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      for (const name of importedBy(file)) {
        if (name.startsWith('.')) open.push(join(dirname(file), name))
        else if (!name.startsWith('node:')) packages.add(name)
      }
    }
    assert.ok(seen.size > 10)
    assert.deepEqual([...packages], AT_HAND)
    assert.match(
      readFileSync(join(FORMATS, 'decoders.ts'), 'utf8'),
      /await import\('\.\/cbor\.ts'\)/
    )
  })
})
