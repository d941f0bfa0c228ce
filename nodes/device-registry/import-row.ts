import { isStorable } from './words.ts'

/** A device of a list that is imported. What is absent stays as it is. */
export interface ImportedDevice {
  readonly id: string
  readonly name?: string
  readonly type?: string
  readonly site?: string
  readonly location?: string
  readonly firmware?: string
  readonly status?: 'approved' | 'blocked'
  /** Names of its certificates, never a secret. */
  readonly keys?: Readonly<Record<string, unknown>>
  readonly info?: Readonly<Record<string, unknown>>
}

export interface LineProblem {
  /** The line of the text, or the number of the entry; from 1. */
  readonly line: number
  readonly message: string
}

export interface Imported {
  /** What the list was taken for. */
  readonly form: string
  readonly rows: readonly ImportedDevice[]
  readonly problems: readonly LineProblem[]
}

export const MAX_ID = 500
const MAX_TEXT = 500
const MAX_JSON = 10_000
const TEXTS = ['name', 'type', 'site', 'location', 'firmware'] as const

/** Why a device cannot be taken; undefined if it can. */
export function problemOf(row: ImportedDevice): string | undefined {
  if (row.id === '') return 'it names no device'
  if (row.id.length > MAX_ID) return `the name of the device has more than ${MAX_ID} characters`
  for (const text of [row.id, ...TEXTS.map(name => row[name] ?? '')]) {
    if (!isStorable(text)) return 'it has a character that cannot be stored'
    if (text.length > MAX_TEXT) return `a text has more than ${MAX_TEXT} characters`
  }
  const json = JSON.stringify([row.keys ?? {}, row.info ?? {}])
  if (json.length > MAX_JSON) return `its further fields have more than ${MAX_JSON} characters`
  if (/\\u(?:0000|d[89a-f])/i.test(json)) return 'it has a character that cannot be stored'
  return undefined
}

/** Collects what can be taken, and why others cannot; of the same device the last line counts. */
export class Collected {
  readonly #byId = new Map<string, ImportedDevice>()
  readonly problems: LineProblem[] = []
  readonly #lines = new Map<string, number>()

  add(line: number, row: ImportedDevice): void {
    const message = problemOf(row)
    if (message !== undefined) {
      this.refuse(line, message)
      return
    }
    const before = this.#lines.get(row.id)
    if (before !== undefined)
      this.refuse(before, `the device ${row.id.slice(0, 80)} stands again in ${line}, which counts`)
    this.#lines.set(row.id, line)
    this.#byId.set(row.id, row)
  }

  refuse(line: number, message: string): void {
    this.problems.push({ line, message })
  }

  as(form: string): Imported {
    this.problems.sort((a, b) => a.line - b.line)
    return { form, rows: [...this.#byId.values()], problems: this.problems }
  }
}
