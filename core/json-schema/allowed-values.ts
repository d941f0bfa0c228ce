import type { Ajv } from 'ajv'
import { loadModule } from '../load-module.ts'
import { canonical } from './canonical.ts'

/** Fewer values are compared one after the other, as ajv does, which is faster. */
const FEW = 16

class AllowedValues {
  readonly #plain: ReadonlySet<unknown>
  readonly #shapes: ReadonlySet<string>

  constructor(values: readonly unknown[]) {
    const isShape = (value: unknown) => typeof value === 'object' && value !== null
    this.#plain = new Set(values.filter(value => !isShape(value)))
    this.#shapes = new Set(values.filter(isShape).map(canonical))
  }

  has(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return this.#plain.has(value)
    return this.#shapes.size > 0 && this.#shapes.has(canonical(value))
  }
}

/**
 * Looks a value of a long `enum` up at once; ajv compares it with each. An empty one allows
 * nothing.
 */
export function useSetsOfAllowedValues(ajv: Ajv): void {
  const { _ } = loadModule<typeof import('ajv')>('ajv')
  const rule = ajv.RULES.all.enum
  if (typeof rule !== 'object' || !('code' in rule.definition)) return
  const { definition } = rule
  const { code } = definition
  definition.code = cxt => {
    const values = cxt.schema as unknown[]
    if (values.length > 0 && values.length < FEW) code(cxt)
    else {
      const allowed = cxt.gen.scopeValue('obj', { ref: new AllowedValues(values) })
      cxt.pass(_`${allowed}.has(${cxt.data})`)
    }
  }
}
