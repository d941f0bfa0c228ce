import { formatFindings, NO_FORMAT } from './format-findings.ts'
import type { Finding, Observed } from './learned.ts'

/**
 * What bytes are, as the output of a source: a message that is one object of JSON needs nothing but
 * the usual one.
 * @param fields names of the fields that the source has
 */
export async function sourceFormat(
  observed: readonly Observed[],
  fields: object
): Promise<Finding[]> {
  const found = await formatFindings(observed, true)
  return found.map(finding => shownAs(finding, fields))
}

function shownAs(finding: Finding, fields: object): Finding {
  const isToKnow = Object.keys(finding.settings).length === 0 && finding.says !== NO_FORMAT
  if (isToKnow) return finding
  const { format, decompress, at, exact } = finding.settings
  // How digits are read is a question of its own, with the usual output too.
  if (exact !== undefined) return Object.hasOwn(fields, 'exact') ? finding : asToKnow(finding)
  const isUsual = format === 'json' && decompress === undefined && at === undefined
  const known = Object.keys(finding.settings).every(name => Object.hasOwn(fields, name))
  if (isUsual || !known) return { ...finding, settings: isUsual ? { output: 'records' } : {} }
  return { ...finding, settings: { output: 'decoded', ...finding.settings } }
}

const asToKnow = (finding: Finding): Finding => ({ ...finding, settings: {} })
