import { createRequire, Module } from 'node:module'

const load = createRequire(import.meta.url)
const loaded = new Map<string, unknown>()

/**
 * Loads a heavy dependency when it is first needed, so that Node-RED starts fast: ajv alone takes
 * 75 ms. `require` looks for the file each time it is asked, which takes 0.1 ms: too much for what
 * asks at every batch.
 */
export function loadModule<T>(name: string): T {
  if (!loaded.has(name)) loaded.set(name, load(name))
  return loaded.get(name) as T
}

/**
 * Puts something else in the place of a module that nobody has loaded yet; true if that was in
 * time.
 */
export function replaceModule(name: string, exports: unknown): boolean {
  const filename = load.resolve(name)
  if (load.cache[filename] !== undefined) return false
  load.cache[filename] = Object.assign(new Module(filename), { filename, loaded: true, exports })
  return true
}
