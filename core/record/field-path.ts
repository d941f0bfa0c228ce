/** A field of a record by its path, compiled once; see `stepsOf` for how a path is written. */
export type Get = (record: unknown) => unknown

/**
 * Steps are looked up among own properties only; set, this one would change what an object
 * inherits.
 */
const FORBIDDEN = '__proto__'

/**
 * The names on the way to a field: `location.lat`, `readings.0.value`, or a plain name. Where a
 * name has a dot itself, it stands in brackets as a JSON string, `VINDRIKTNING["PM2.5"]`, or the
 * dot has a backslash before it, `battery\.voltage`. Undefined if the path is written wrongly or
 * has an empty name.
 */
export function stepsOf(path: string): readonly string[] | undefined {
  const steps = isPlain(path) ? path.split('.') : quotedSteps(path)
  return steps?.includes('') ? undefined : steps
}

/** Nothing in it is quoted: its dots alone divide it. */
const isPlain = (path: string) => !path.includes('["') && !path.includes('\\.')

/**
 * One name and what divides it from the one before. Each character can be taken in one way only, so
 * this is linear.
 */
const STEP = /(?:^|\.)((?:\\\.|[^.["\\]|\[(?!")|"|\\(?!\.))+)|(?:(?!^)\.)?\["((?:[^"\\]|\\.)*)"\]/y

function quotedSteps(path: string): string[] | undefined {
  const steps: string[] = []
  for (let at = 0; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at
    const match = STEP.exec(path)
    if (match === null) return undefined
    const [, bare, quoted] = match
    const step = bare === undefined ? fromJson(`"${quoted}"`) : bare.replaceAll('\\.', '.')
    if (step === undefined) return undefined
    steps.push(step)
  }
  return steps
}

function fromJson(text: string): string | undefined {
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

/** The path of the field that these names lead to: what `stepsOf` reads back. */
export const pathOf = (steps: readonly string[]): string =>
  steps.reduce((path, step) => {
    if (/[.\\]|\["|^$/.test(step)) return `${path}[${JSON.stringify(step)}]`
    return path === '' ? step : `${path}.${step}`
  }, '')

/** True if the path is well written and names nothing that could reach a prototype. */
export const isFieldPath = (path: string): boolean =>
  stepsOf(path)?.every(step => step !== FORBIDDEN) ?? false

/**
 * Compiles a path to a getter, which gives undefined where a step is missing. Only own properties
 * are seen.
 */
export function getter(path: string): Get {
  const steps = stepsOf(path) ?? path.split('.')
  const [first] = steps
  if (steps.length === 1 && first !== undefined) return record => own(record, first)
  return record => steps.reduce(own, record)
}

function own(value: unknown, step: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string, unknown>)[step]
    : undefined
}

export type Put = (record: Record<string, unknown>, value: unknown) => void

/**
 * Compiles a path to what sets a field in place; objects on the way are made where they are
 * missing.
 */
export function setter(path: string): Put {
  const steps = stepsOf(path) ?? path.split('.')
  const last = steps.at(-1)!
  if (steps.length > 1) return (record, value) => put(record, steps, value)
  return (record, value) => {
    record[last] = value
  }
}

/** True if the path is one name, so that it reaches into no object. */
export const isOneName = (path: string): boolean => stepsOf(path)?.length === 1

/** Sets a field by its path, in place; objects on the way are made where they are missing. */
export function setField(record: Record<string, unknown>, path: string, value: unknown): void {
  put(record, stepsOf(path) ?? path.split('.'), value)
}

function put(record: Record<string, unknown>, steps: readonly string[], value: unknown): void {
  let at = record
  for (let index = 0; index < steps.length - 1; index++) {
    const step = steps[index]!
    const next = own(at, step)
    if (typeof next === 'object' && next !== null) at = next as Record<string, unknown>
    else {
      const made: Record<string, unknown> = {}
      at[step] = made
      at = made
    }
  }
  at[steps.at(-1)!] = value
}
