import { OptionsError } from '../../options-error.ts'
import { applies, type Field, hasVariable, type NodeSpec, parseField } from '../spec.ts'
import type { SavedNode } from './saved.ts'

/** What Node-RED's editor shows in place of a saved secret. */
export const UNCHANGED_SECRET = '__PWRD__'

type Values = Readonly<Record<string, unknown>>

/**
 * The values to test with: those of the dialog, with the saved secrets where the dialog has not
 * changed them.
 *
 * A saved secret, and what a variable of the environment stands for, go nowhere but where the
 * deployed node sends them, and neither does what a file or variable holds that a field names: they
 * are used while every field that decides who gets them is as deployed.
 * @param tlsIsDeployed whether the chosen TLS configuration is as deployed too
 * @throws OptionsError that says what to type again, or to deploy first
 */
export function settled(
  spec: NodeSpec,
  given: Values,
  saved: SavedNode | undefined,
  tlsIsDeployed: boolean
): Values {
  const changed = changedFields(spec, given, saved, tlsIsDeployed)
  const own = Object.entries(spec.fields).map(([name, field]) => [
    name,
    Object.hasOwn(given, name) ? given[name] : field.default
  ])
  const values: Record<string, unknown> = Object.fromEntries(own)
  const problems: string[] = []
  for (const [name, field] of Object.entries(spec.fields)) {
    if (!applies(field.when, values)) continue
    const before = saved?.values[name] ?? field.default
    if (field.kind === 'secret' && isUntouched(given[name], saved?.secrets[name])) {
      if (changed === undefined) values[name] = saved?.secrets[name] ?? ''
      else
        problems.push(
          `${field.label}: type it again for this test. ${changed}, and a saved one is sent only to where it was saved for.`
        )
    } else if (changed !== undefined || !isSame(field, values[name], before)) {
      if (hasVariable(field, values[name]))
        problems.push(
          `${field.label}: a variable of the environment is used here only as it is deployed. Deploy first, or type the value.`
        )
      else if (namesSecret(field) && values[name] !== '')
        problems.push(`${field.label}: it is read here only as it is deployed. Deploy first.`)
    }
  }
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return values
}

const namesSecret = (field: Field): boolean => field.kind === 'text' && field.namesSecret === true

/** The dialog shows the placeholder, or was never opened, for a secret that is saved. */
function isUntouched(given: unknown, saved: unknown): boolean {
  const isSaved = typeof saved === 'string' && saved !== ''
  return given === UNCHANGED_SECRET || (isSaved && (given === undefined || given === null))
}

/**
 * What of that which decides where a secret goes is not as deployed, in words; undefined if all is.
 */
function changedFields(
  spec: NodeSpec,
  given: Values,
  saved: SavedNode | undefined,
  tlsIsDeployed: boolean
): string | undefined {
  if (saved === undefined) return 'This configuration is not deployed yet'
  const labels = Object.entries(spec.fields)
    .filter(([, field]) => field.kind !== 'secret' && field.harmless !== true)
    .filter(([name, field]) => !isSame(field, given[name], saved.values[name]))
    .map(([, field]) => field.label)
  if (!tlsIsDeployed) labels.push('TLS configuration')
  return labels.length === 0
    ? undefined
    : `${[...new Set(labels)].join(', ')} ${labels.length === 1 ? 'is' : 'are'} not as deployed`
}

function isSame(field: Field, a: unknown, b: unknown): boolean {
  const parsed = (value: unknown) =>
    JSON.stringify(parseField(field, value ?? field.default, () => undefined))
  return parsed(a) === parsed(b)
}
