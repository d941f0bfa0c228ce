/**
 * Which services test files need, read from the files themselves and from what they import below
 * test/.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ServiceName, serviceNames } from '../stack/services.ts'

const CALL = /\bservices\(([^)]*)\)/g
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

/** The services that these files, relative to `root`, ask for by name. */
export function servicesOf(root: string, files: readonly string[]): ServiceName[] {
  const test = join(root, 'test')
  const seen = new Set<string>()
  const found = new Set<string>()
  const visit = (path: string) => {
    if (seen.has(path) || !path.startsWith(test) || !existsSync(path)) return
    seen.add(path)
    const text = readFileSync(path, 'utf8')
    for (const [, names] of text.matchAll(CALL))
      for (const [, name] of names!.matchAll(/'([a-z-]+)'/g)) found.add(name!)
    for (const [, from] of text.matchAll(IMPORT)) visit(join(dirname(path), from!))
  }
  for (const file of files) visit(join(root, file))
  return serviceNames.filter(name => found.has(name))
}
