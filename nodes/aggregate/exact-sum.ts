/**
 * Sums without rounding on the way, so that they are the same in whatever order the numbers come: a
 * sum is a list of doubles that do not overlap, the smallest first (J. R. Shewchuk, Adaptive
 * Precision Floating-Point Arithmetic, 1997). Only the last step rounds.
 */
export type ExactSum = number[]

/** Adds a number, in place. */
export function addTo(sum: ExactSum, number: number): void {
  if (sum.length === 1) {
    // most sums of readings: few digits, one double
    const other = sum[0]!
    const high = number + other
    const share = high - number
    const low = number - (high - share) + (other - share)
    sum[0] = high
    if (low !== 0) {
      sum[0] = low
      sum.push(high)
    }
    return
  }
  let at = 0
  let carried = number
  for (let index = 0; index < sum.length; index++) {
    const other = sum[index]!
    const high = carried + other
    const share = high - carried
    const low = carried - (high - share) + (other - share)
    if (low !== 0) sum[at++] = low
    carried = high
  }
  sum[at] = carried
  // setting a length costs more than all of the adding, and mostly it stays
  if (sum.length > at + 1) sum.length = at + 1
}

/** Adds the square of a number, in place. */
export function addSquareTo(sum: ExactSum, number: number): void {
  addProductTo(sum, number, number)
}

/** Adds the product of two numbers, which are two doubles without rounding (T. J. Dekker, 1971). */
function addProductTo(sum: ExactSum, left: number, right: number): void {
  const product = left * right
  const leftHigh = highOf(left)
  const leftLow = left - leftHigh
  const rightHigh = highOf(right)
  const rightLow = right - rightHigh
  const error =
    leftLow * rightLow -
    (product - leftHigh * rightHigh - leftLow * rightHigh - leftHigh * rightLow)
  // beyond the range in which it can be split, the rounded product has to do
  if (Number.isFinite(error) && error !== 0) addTo(sum, error)
  addTo(sum, product)
}

const SPLIT = 2 ** 27 + 1

function highOf(number: number): number {
  const scaled = SPLIT * number
  return scaled - (scaled - number)
}

/** The double that is nearest to the sum. */
export function rounded(sum: ExactSum): number {
  let at = sum.length - 1
  if (at < 0) return 0
  let high = sum[at]!
  let low = 0
  while (at > 0) {
    const other = sum[--at]!
    const before = high
    high = before + other
    low = other - (high - before)
    if (low !== 0) break
  }
  // half way between two doubles, what is left below decides
  if (at > 0 && low !== 0 && low < 0 === sum[at - 1]! < 0) {
    const twice = low * 2
    const next = high + twice
    if (next - high === twice) high = next
  }
  return high
}

/** The sum of squared distances from the mean: what variances are made of. */
export function squaredDistances(count: number, sum: ExactSum, squares: ExactSum): number {
  const difference: ExactSum = []
  for (const part of squares) addProductTo(difference, part, count)
  for (const left of sum) for (const right of sum) addProductTo(difference, left, -right)
  return Math.max(rounded(difference), 0) / count
}
