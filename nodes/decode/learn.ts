import { formatFindings } from '../../core/learn/format-findings.ts'
import { answerTo, type Finding, type Learn } from '../../core/learn/learned.ts'

const NAMES = { device_id: 'devices', metric: 'what was measured' } as const

/** The format of the bytes, what they are packed with, and where in it the records stand. */
export const learn: Learn = async (observed, _values, answers) => {
  const findings = await formatFindings(observed, false)
  if (!findings.some(isOfNames)) return { findings, questions: [] }
  // The names alone do not say it: pump-1 and temperature are both words.
  const answer = answerTo(answers, 'keyField', NAMES)
  const named: Finding[] =
    answer === ''
      ? []
      : [{ says: `The names are ${NAMES[answer as keyof typeof NAMES]}`, ...goesTo(answer) }]
  return {
    findings: [...findings, ...named],
    questions: [{ name: 'keyField', asks: 'The names in it are', answer, choices: NAMES }]
  }
}

const isOfNames = ({ settings }: Finding) => settings.at === 'object'

const goesTo = (keyField: string) => ({ evidence: '', settings: { keyField } })
