import { convert } from 'convert'
import { ALIASES, KINDS, MULTIPLES, PREFIXED, PREFIXES } from './unit-tables.ts'

type Convert = (value: number) => number

const named = (unit: string) => ALIASES.get(unit) ?? unit

/** The factor between two units that only the tables know. */
function ownFactor(from: string, to: string): number | undefined {
  for (const kind of KINDS)
    if (Object.hasOwn(kind, from) && Object.hasOwn(kind, to)) return kind[from]! / kind[to]!
  const [one, other] = [PREFIXED.exec(from), PREFIXED.exec(to)]
  if (one === null || other === null || !isSameUnit(one[2]!, other[2]!)) return undefined
  return PREFIXES[one[1]!]! / PREFIXES[other[1]!]!
}

const exact = (factor: number) => Number(factor.toPrecision(15))

const isSameUnit = (one: string, other: string) =>
  one === other || (/^(?:Ω|ohm)$/i.test(one) && /^(?:Ω|ohm)$/i.test(other))

type Unit = Parameters<typeof convert>[1]

/** The library's own converter throws for what it does not know or cannot convert. */
const change = (value: number, from: string, to: string): number =>
  convert(value, from as Unit).to(to as never) as unknown as number

/** The factor between two units without a slash, or between two that the tables have with one. */
function factorOf(given: string, wanted: string): number | undefined {
  const [from, to] = [named(given), named(wanted)]
  const own = ownFactor(from, to)
  if (own !== undefined) return own
  const [times, one] = MULTIPLES.get(from) ?? [1, from]
  const [by, other] = MULTIPLES.get(to) ?? [1, to]
  try {
    if (change(0, one, other) !== 0) return undefined
    return (times * change(1, one, other)) / by
  } catch {
    return undefined
  }
}

/** Of `km/h` the factors of both parts. */
function factorOfParts(given: string, wanted: string): number | undefined {
  const [over, under] = [named(given), named(wanted)].map(unit => unit.split('/'))
  if (over!.length !== 2 || under!.length !== 2) return undefined
  const [above, below] = over!.map((unit, index) => factorOf(unit, under![index]!))
  return above === undefined || below === undefined ? undefined : above / below
}

/**
 * What converts numbers of one unit into another, e.g. `°F` into `°C` or `km/h` into `m/s`;
 * undefined where a unit is not known or the two measure different things. What the library
 * `convert` has, it converts.
 */
export function unitConverter(from: string, to: string): Convert | undefined {
  const factor = factorOf(from, to) ?? factorOfParts(from, to)
  if (factor === undefined) return withZero(named(from), named(to)) ?? withLevel(from, to)
  if (!Number.isFinite(factor) || factor === 0) return undefined
  if (ownFactor(named(from), named(to)) !== undefined) return scaledBy(exact(factor))
  const multiply = times(factor)
  return value => Number(multiply(value).toPrecision(15))
}

/** Of units that begin to count elsewhere, as degrees do. */
function withZero(from: string, to: string): Convert | undefined {
  try {
    return Number.isFinite(change(0, from, to)) ? value => tidy(change(value, from, to)) : undefined
  } catch {
    return undefined
  }
}

/** Decibels of a milliwatt; there are none of no power. */
function withLevel(from: string, to: string): Convert | undefined {
  const factor = from === 'dBm' ? factorOf('mW', to) : factorOf(from, 'mW')
  if (factor === undefined || (from === 'dBm') === (to === 'dBm')) return undefined
  return from === 'dBm'
    ? value => Number((factor * 10 ** (value / 10)).toPrecision(15))
    : value => tidy(10 * Math.log10(value * factor))
}

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
