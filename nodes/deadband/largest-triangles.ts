/** A point of a curve. */
export type Point = [timeMs: number, value: number]

/**
 * Those of the points that keep the shape of the curve, at most so many (at least 3), the first and
 * the last among them. Source of the rule: S. Steinarsson, "Downsampling Time Series for Visual
 * Representation" (2013), largest triangle three buckets: of each bucket the point that spans the
 * largest triangle with the one chosen before and the average of the next bucket.
 */
export function largestTriangles<P extends readonly [number, number, ...unknown[]]>(
  points: readonly P[],
  count: number
): P[] {
  if (points.length <= count) return [...points]
  const size = (points.length - 2) / (count - 2)
  const startOf = (bucket: number) => Math.floor(bucket * size) + 1
  const chosen = [points[0]!]
  for (let bucket = 0; bucket < count - 2; bucket++) {
    const next = averageOf(
      points,
      startOf(bucket + 1),
      Math.min(startOf(bucket + 2), points.length)
    )
    chosen.push(largest(points, startOf(bucket), startOf(bucket + 1), chosen.at(-1)!, next))
  }
  chosen.push(points.at(-1)!)
  return chosen
}

function averageOf(
  points: readonly (readonly [number, number, ...unknown[]])[],
  from: number,
  to: number
): Point {
  let time = 0
  let value = 0
  for (let index = from; index < to; index++) {
    time += points[index]![0]
    value += points[index]![1]
  }
  const count = Math.max(1, to - from)
  return [time / count, value / count]
}

function largest<P extends readonly [number, number, ...unknown[]]>(
  points: readonly P[],
  from: number,
  to: number,
  [beforeMs, before]: P,
  [nextMs, next]: Point
): P {
  let best = points[from]!
  let area = -1
  for (let index = from; index < to; index++) {
    const [timeMs, value] = points[index]!
    const found = Math.abs(
      (beforeMs - nextMs) * (value - before) - (beforeMs - timeMs) * (next - before)
    )
    if (found > area) {
      area = found
      best = points[index]!
    }
  }
  return best
}
