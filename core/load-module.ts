import { createRequire, Module } from 'node:module'

const load = createRequire(import.meta.url)

/**
 * Loads a heavy dependency when it is first needed, so that Node-RED starts fast: ajv alone takes
 * 75 ms.
 */
export function loadModule<T>(name: string): T {
  return load(name) as T
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
