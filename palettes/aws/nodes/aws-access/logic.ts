import { type Options, OptionsError, urlProblems } from '@millrace/node-red-telemetry'
import { AwsAccess } from '../../core/access.ts'
import { spec } from './spec.ts'

export type AccessOptions = Options<typeof spec>

/** @throws OptionsError where keys are missing or an endpoint is none */
export function accessOf(options: AccessOptions): AwsAccess {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { name: _name, ...settings } = options
  return new AwsAccess(settings)
}

const ENDPOINTS = ['endpoint', 'tableEndpoint', 'stsEndpoint'] as const
const KEYS = ['accessKeyId', 'secretAccessKey'] as const

function problemsOf(options: AccessOptions): string[] {
  const { fields } = spec
  const problems: string[] = []
  if (options.login === 'keys')
    for (const key of KEYS)
      if (options[key].trim() === '') problems.push(`${fields[key].label}: is required`)
  for (const endpoint of ENDPOINTS)
    for (const problem of endpointProblems(options[endpoint]))
      problems.push(`${fields[endpoint].label}: ${problem}`)
  return problems
}

function endpointProblems(text: string): string[] {
  if (text === '') return []
  const problems = urlProblems(
    text,
    ['http:', 'https:'],
    'https://kinesis.eu-central-1.amazonaws.com'
  )
  if (problems.length > 0) return problems
  const { username, password } = new URL(text)
  return username === '' && password === '' ? [] : ['must not have a user name or password']
}
