import { type Learn, sourceFormat } from '@millrace/node-red-telemetry'
import { spec } from './spec.ts'

/** The format of the messages, as they show it. */
export const learn: Learn = async observed => {
  const findings = await sourceFormat(observed, spec.fields)
  return {
    // The form that others have an option for is the only one here.
    findings: findings.map(finding => {
      const { output: _output, ...settings } = finding.settings
      return { ...finding, settings }
    }),
    questions: []
  }
}
