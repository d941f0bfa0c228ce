import type { EditorHooks } from '../../core/editor/types.ts'
import { FORMATS, type Format } from '../../core/format/names.ts'

const labelOf = (format: unknown) => {
  const label = FORMATS[format as Format] ?? FORMATS.json
  return /^[^,:]*/.exec(label)![0]
}

export default {
  label: ({ format }) => `${labelOf(format)} → records`,
  learns: true
} satisfies EditorHooks
