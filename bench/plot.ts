/** Line plots as SVG, for docs/performance. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { repository } from '../stack/services.ts'

export interface Point {
  readonly x: number
  readonly y: number
  readonly line: string
}

export interface PlotOptions {
  readonly points: readonly Point[]
  readonly x: string
  readonly y: string
  readonly logarithmic?: boolean
  /** Dots at the points, where they are few. */
  readonly marked?: boolean
}

export const PLOTS = join(repository, 'docs', 'performance')

/**
 * Writes docs/performance/<name>.svg. The scale begins at 0, so that a flat line looks flat and a
 * steep one steep.
 */
export function writePlot(
  name: string,
  { points, x, y, logarithmic = false, marked = true }: PlotOptions
): string {
  const { document } = parseHTML('<html><body></body></html>')
  const line = { x: 'x', y: 'y', stroke: 'line', marker: marked }
  const ends = points.filter(
    (point, index) => points.findLastIndex(other => other.line === point.line) === index
  )
  const plot = Plot.plot({
    document,
    width: 720,
    height: 320,
    marginRight: 120,
    grid: true,
    x: {
      type: logarithmic ? 'log' : 'linear',
      label: x,
      ...(logarithmic ? { ticks: [...new Set(points.map(point => point.x))], tickFormat: ',' } : {})
    },
    y: { label: y, zero: true },
    marks: [
      Plot.ruleY([0]),
      Plot.lineY(points, line),
      Plot.text(ends, { x: 'x', y: 'y', text: 'line', textAnchor: 'start', dx: 8 })
    ]
  })
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  plot.setAttribute('style', 'background: white')
  const file = join(PLOTS, `${name}.svg`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${plot.outerHTML}\n`)
  return file
}
