import { listenForLessons } from './lesson.ts'
import { placeCategory } from './palette.ts'
import { nodeOf } from './register.ts'

declare global {
  interface Window {
    /** What the nodes' own scripts use of this one. */
    millrace?: { readonly node: typeof nodeOf }
  }
}

window.millrace = { node: nodeOf }
listenForLessons()
placeCategory()
