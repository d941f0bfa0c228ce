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
  ['ug', 'µg'],
  ['m³', 'm3'],
  ['m²', 'm2']
])

const PREFIXES: Readonly<Record<string, number>> = {
  p: 1e-12,
  n: 1e-9,
  u: 1e-6,
  µ: 1e-6,
  μ: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12
}
/** Units of electricity, which the library does not have: any prefix before them. */
const ELECTRIC = /^([pnuµμmkMGT]?)(V|A|VA|var|Ah|VAh|varh|Ω|Ohm|ohm|F|S|H)$/
/** Parts of a whole. */
const PARTS: Readonly<Record<string, number>> = {
  1: 1,
  '%': 1e-2,
  '‰': 1e-3,
  ppm: 1e-6,
  '[ppm]': 1e-6,
  ppb: 1e-9,
  '[ppb]': 1e-9
}

/** The factor between two units that only these tables know. */
function ownFactor(from: string, to: string): number | undefined {
  if (Object.hasOwn(PARTS, from) && Object.hasOwn(PARTS, to))
    return exact(PARTS[from]! / PARTS[to]!)
  const [one, other] = [ELECTRIC.exec(from), ELECTRIC.exec(to)]
  if (one === null || other === null || !isSameUnit(one[2]!, other[2]!)) return undefined
  return exact(PREFIXES[one[1]!]! / PREFIXES[other[1]!]!)
}

const exact = (factor: number) => Number(factor.toPrecision(15))

const isSameUnit = (one: string, other: string) =>
  one === other || (/^(?:Ω|ohm)$/i.test(one) && /^(?:Ω|ohm)$/i.test(other))

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
  const own = ownFactor(from, to)
  if (own !== undefined) return scaledBy(own)
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

/** The sum as it is written by hand: 300.4 - 273.15 is 27.25, not 27.24999999999998. */
export function plus(offset: number): (value: number) => number {
  const places = placesOf(offset)
  return value => toPlaces(value + offset, Math.max(placesOf(value), places))
}

/** The product likewise: 0.7 × 0.1 is 0.07. */
export function scaledBy(factor: number): (value: number) => number {
  const multiply = times(factor)
  const places = placesOf(factor)
  return value => toPlaces(multiply(value), placesOf(value) + places)
}

/** More places hold no noise that could be told from digits. */
const MAX_PLACES = 15

function placesOf(value: number): number {
  if (Number.isInteger(value)) return 0
  const text = String(value)
  const power = text.indexOf('e')
  if (power >= 0) return MAX_PLACES + 1
  return text.length - text.indexOf('.') - 1
}

const toPlaces = (value: number, places: number): number =>
  places > MAX_PLACES || Math.abs(value) >= 1e15 ? value : Number(value.toFixed(places))

/** Multiplies so that 3 × 0.1 is 0.3: by a whole number, up or down, where it is one. */
function times(factor: number): (value: number) => number {
  const inverse = 1 / factor
  const divisor = Math.round(inverse)
  const whole = Math.abs(divisor) > 1 && Math.abs(inverse - divisor) < 1e-9 * Math.abs(divisor)
  return whole ? value => value / divisor : value => value * factor
}

/** Without the last digits, which are noise of the calculation: 22.500000000000057 °C. */
const tidy = (value: number) => (Math.abs(value) < 1e5 ? Number(value.toFixed(10)) : value)
