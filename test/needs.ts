/**
 * Which services test files need, and which of them end one, read from the files themselves and
 * from what they import below test/.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ServiceName, serviceNames } from '../stack/services.ts'

const ENDS = /import \{[^}]*\b(kill|restart|stop)\b[^}]*\} from '(\.\.\/)+services\.ts'/
const CALL = /\bservices\(([^)]*)\)/g
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

/** The services that these files, relative to `root`, ask for by name. */
export function servicesOf(root: string, files: readonly string[]): ServiceName[] {
  const found = new Set<string>()
  for (const text of textsOf(root, files))
    for (const [, names] of text.matchAll(CALL))
      for (const [, name] of names!.matchAll(/'([a-z-]+)'/g)) found.add(name!)
  return serviceNames.filter(name => found.has(name))
}

/** The file, or what it imports, ends services that all share. */
export const endsServices = (root: string, file: string): boolean =>
  textsOf(root, [file]).some(text => ENDS.test(text))

/** Of the files and of all that they import below test/. */
function textsOf(root: string, files: readonly string[]): string[] {
  const test = join(root, 'test')
  const texts = new Map<string, string>()
  const visit = (path: string) => {
    if (texts.has(path) || !path.startsWith(test) || !existsSync(path)) return
    const text = readFileSync(path, 'utf8')
    texts.set(path, text)
    for (const [, from] of text.matchAll(IMPORT)) visit(join(dirname(path), from!))
  }
  for (const file of files) visit(join(root, file))
  return [...texts.values()]
}
