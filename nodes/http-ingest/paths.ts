import { withoutSlashes } from '../../core/upload/slashes.ts'

/** Undefined for one that is no URL, such as one with `%zz`, or whose levels hold a slash. */
export function pathOf(url: string): string | undefined {
  try {
    const levels = withoutSlashes(url.split('?', 1)[0]!).split('/').map(decodeURIComponent)
    return levels.some(level => level.includes('/')) ? undefined : levels.join('/')
  } catch {
    return undefined
  }
}

/** What stands behind the path; not by URL, which refuses paths that begin with two slashes. */
export const queryOf = (url: string): URLSearchParams =>
  new URLSearchParams(url.split('?').slice(1).join('?'))
