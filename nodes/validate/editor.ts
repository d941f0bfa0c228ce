import type { EditorHooks } from '../../core/editor/types.ts'

const LABELS: Readonly<Record<string, (values: Readonly<Record<string, unknown>>) => string>> = {
  one: ({ schema }) => titleOf(schema) ?? 'validate',
  field: ({ field }) => `schema by ${field}`,
  topic: () => 'schema by topic',
  subject: ({ subject }) => `valid ${subject || 'subject'}`
}

/** The title that the schema gives itself. */
function titleOf(schema: unknown): string | undefined {
  try {
    const { title } = JSON.parse(String(schema)) as { title?: unknown }
    return typeof title === 'string' && title !== '' ? `valid ${title.slice(0, 30)}` : undefined
  } catch {
    return undefined
  }
}

export default {
  label: values => LABELS[String(values.choose)]?.(values) ?? 'validate',
  learns: true
} satisfies EditorHooks
