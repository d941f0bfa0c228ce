import { defineTransform } from '../../core/node/define-transform.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { learn } from './learn.ts'
import { slicedValidator } from './logic.ts'
import { spec } from './spec.ts'
import { SubjectValidator } from './subject.ts'

export default defineTransform(
  spec,
  ({ options, node, provided }) => {
    if (options.choose !== 'subject') return slicedValidator(options, notice => node.warn(notice))
    const validator = new SubjectValidator(options, provided<SchemaRegistry>('registry'), {
      warn: sentence => node.warn(sentence),
      log: sentence => node.log(sentence)
    })
    return {
      sort: message => validator.sort(message),
      problem: () => validator.problem(),
      note: validator.note,
      close: () => validator.close()
    }
  },
  undefined,
  { learn }
)
