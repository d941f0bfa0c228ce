import type { TextKey } from './texts.ts'

/** The package's name, set by the build. */
declare const MODULE: string
export const MODULE_NAME = MODULE

/** A text of the shared dialog code, in the editor's language. */
export const say = (key: TextKey): string => window.RED._(`${MODULE_NAME}/editor:${key}`)
