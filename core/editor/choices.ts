import type { ChoiceField } from '../node/spec.ts'

/**
 * The choices of a field with what the person reads, which the locale has; only of a value that
 * cannot be a key there does the page hold it (build/page.ts).
 * @param text a text of the field, e.g. `choices.a`
 */
export const choicesOf = (
  { choices }: Pick<ChoiceField, 'choices'>,
  text: (key: string) => string
): [value: string, text: string][] =>
  Object.entries(choices).map(([value, own]) => [value, own || text(`choices.${value}`)])
