import { HEADER } from '../../core/dead-letter/headers.ts'
import { type Learn, type Observed, share } from '../../core/learn/learned.ts'
import { sourceFormat } from '../../core/learn/source-format.ts'
import { isKafkaMessage } from '../../core/record/record.ts'
import { spec } from './spec.ts'

/** The format of the values; messages that are dead letters are read as such. */
export const learn: Learn = async observed => {
  const letters = observed.filter(isLetter).length
  if (letters > 0 && letters === observed.length) {
    const evidence = share(letters, observed.length, 'messages')
    const says = 'The messages are dead letters'
    return { findings: [{ says, evidence, settings: { output: 'letters' } }], questions: [] }
  }
  return { findings: await sourceFormat(observed, spec.fields), questions: [] }
}

const isLetter = ({ payload }: Observed): boolean =>
  isKafkaMessage(payload) && payload.headers[HEADER.code] !== undefined
