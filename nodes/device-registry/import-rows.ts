import { reasonOf } from '../../core/errors.ts'
import { fromCsv } from './import-csv.ts'
import { fromClouds } from './import-json.ts'
import type { Imported } from './import-row.ts'

const MAX_CHARACTERS = 4_000_000

/**
 * The devices of a list that somebody has exported: CSV with a header line, or JSON of AWS IoT,
 * Azure IoT Hub or Azure DPS.
 * @throws Error where it is none of these
 */
export function importRows(text: string): Imported {
  if (text.length > MAX_CHARACTERS)
    throw new Error(`The list has more than ${MAX_CHARACTERS / 1e6} MB: import it in parts.`)
  const content = text.replace(/^\uFEFF/, '').trim()
  if (!/^[[{]/.test(content)) return fromCsv(content)
  return fromClouds(entriesIn(content))
}

/** The entries of a list, or of lines that are an object each, as exports to a file have them. */
function entriesIn(content: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(content)
    if (Array.isArray(parsed)) return parsed
    return listIn(parsed as Record<string, unknown>) ?? [parsed]
  } catch (error) {
    const lines = content.split(/\r?\n/).filter(line => line.trim() !== '')
    if (lines.length < 2 || !lines.every(line => /^\s*\{.*\}\s*,?\s*$/.test(line)))
      throw new Error(`The list is not JSON: ${reasonOf(error)}`, { cause: error })
    return lines.map(line => parsedLine(line.trim().replace(/,$/, '')))
  }
}

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** `things` of AWS; `value`, `items` and `devices` of others that answer page by page. */
function listIn(parsed: Record<string, unknown>): readonly unknown[] | undefined {
  for (const name of ['things', 'value', 'items', 'devices']) {
    const found = parsed[name]
    if (Array.isArray(found)) return found
  }
  return undefined
}
