import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** Loads a heavy dependency when it is first needed, so that Node-RED starts fast: ajv alone takes 75 ms. */
export function loadModule<T>(name: string): T {
  return load(name) as T
}
