import type { Problem } from '../../core/options-error.ts'
import { COMPARISONS } from './spec.ts'

/** A row of the priorities as the dialog has it. */
export interface PriorityRow {
  readonly field?: string
  readonly operator?: string
  readonly value?: string | number
}

const WITHOUT_VALUE: readonly (string | undefined)[] = ['present', 'missing', 'is_true']

export const rowsIn = (priorities: unknown): readonly PriorityRow[] =>
  Array.isArray(priorities) ? (priorities as PriorityRow[]) : []

/** What is wrong between the cells of a row, in the dialog and at the start. */
export const problemsBetween = ({ priorities }: { readonly priorities?: unknown }): Problem[] =>
  rowsIn(priorities).flatMap(({ operator = 'equals', value = '' }, index) => {
    if (WITHOUT_VALUE.includes(operator) || value !== '') return []
    const words = COMPARISONS[operator as keyof typeof COMPARISONS]
    return [['priorities', `row ${index + 1}: "${words}" needs a value`] as const]
  })
