import { convert } from 'convert'

/** Codes of other lists (UCUM, what devices write) for names that the library knows. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['Cel', 'C'],
  ['℃', 'C'],
  ['degC', 'C'],
  ['[degF]', 'F'],
  ['degF', 'F'],
  ['℉', 'F'],
  ['[psi]', 'psi'],
  ['mph', 'mi/h'],
  ['kph', 'km/h'],
  ['kmh', 'km/h'],
  ['kn', 'nautical mile/h'],
  ['kt', 'nautical mile/h'],
  ['m³', 'm3'],
  ['m²', 'm2']
])

type Unit = Parameters<typeof convert>[1]

/** The library's own converter throws for what it does not know or cannot convert. */
const change = (value: number, from: string, to: string): number =>
  convert(value, from as Unit).to(to as never) as unknown as number

/**
 * What converts numbers of one unit into another, e.g. `°F` into `°C` or `km/h` into `m/s`;
 * undefined where a unit is not known or the two measure different things. The factors are those of
 * the library `convert`.
 */
export function unitConverter(from: string, to: string): ((value: number) => number) | undefined {
  const [over, under] = [from, to].map(unit => (ALIASES.get(unit) ?? unit).split('/')) as [
    string[],
    string[]
  ]
  if (over.length !== under.length || over.length > 2) return undefined
  try {
    const zero = over.length === 1 ? change(0, over[0]!, under[0]!) : 0
    if (!Number.isFinite(zero)) return undefined
    if (zero !== 0) return value => tidy(change(value, over[0]!, under[0]!))
    const factors = over.map((unit, index) => change(1, known(unit), known(under[index]!)))
    const factor = factors.length === 1 ? factors[0]! : factors[0]! / factors[1]!
    if (!Number.isFinite(factor) || factor === 0) return undefined
    const multiply = times(factor)
    return value => Number(multiply(value).toPrecision(15))
  } catch {
    return undefined
  }
}

const known = (unit: string) => ALIASES.get(unit) ?? unit

/** Multiplies so that 3 × 0.1 is 0.3: by a whole number, up or down, where it is one. */
export function times(factor: number): (value: number) => number {
  const inverse = 1 / factor
  const divisor = Math.round(inverse)
  const whole = Math.abs(divisor) > 1 && Math.abs(inverse - divisor) < 1e-9 * Math.abs(divisor)
  return whole ? value => value / divisor : value => value * factor
}

/** Without the last digits, which are noise of the calculation: 22.500000000000057 °C. */
const tidy = (value: number) => (Math.abs(value) < 1e5 ? Number(value.toFixed(10)) : value)
