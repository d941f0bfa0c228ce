import type { TimeLine } from '../node/preview.ts'
import { element } from './element.ts'
import { say } from './texts-of.ts'

/** Points of the picture; it is as wide as the dialog. */
const [WIDTH, HEIGHT] = [560, 170]
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 10, 30, 20]
/** About as wide as a letter of the marks. */
const LETTER = 6.2
const MANY_MARKS = 30
const DAY_MS = 86_400_000
/** Seen on light and on dark. */
const COLOURS = [
  '#3b82c4',
  '#c8641b',
  '#2f9461',
  '#a561c0',
  '#b3831f',
  '#c04a6b',
  '#3f8f9b',
  '#7a7f88'
]

type Attributes = Readonly<Record<string, string | number>>
type Place = (value: number) => number

/**
 * Values over event time, with a mark where something leaves; and the same in words, for who does
 * not see it.
 */
export function timeLineParts(
  line: TimeLine | undefined,
  labels: readonly string[]
): HTMLElement[] {
  if (line === undefined || new Set(line.points.map(({ timeMs }) => timeMs)).size < 2) return []
  const figure = element('figure', { class: 'millrace-time' }, picture(line, labels))
  if (line.series.length > 1) figure.append(legend(line.series))
  figure.append(inWords(line, labels))
  return [figure]
}

function picture(line: TimeLine, labels: readonly string[]): SVGElement {
  const { points, marks, levels } = line
  const words = [
    ...new Set(points.map(({ value }) => value).filter(value => typeof value === 'string'))
  ]
  const heightOf = (value: number | string) =>
    typeof value === 'number' ? value : words.indexOf(value)
  const x = scale(
    [...points, ...marks].map(({ timeMs }) => timeMs),
    [LEFT, WIDTH - RIGHT]
  )
  const heights = [...points.map(({ value }) => heightOf(value)), ...levels]
  const y = scale(heights, [HEIGHT - BOTTOM, TOP])
  const drawn = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': `${say('overTime')}: ${points.length} ${say('values')}, ${marks.length} ${say('marks')}`
  })
  drawn.append(
    ...axes(line, x, y, heights, words),
    ...levels.map(level => across(y(level), 'millrace-level-line')),
    ...line.series.flatMap((_name, index) => curve(line, index, x, value => y(heightOf(value)))),
    ...markParts(line, labels, x)
  )
  return drawn
}

/** Times below, values on the left. */
function axes(
  { points, marks }: TimeLine,
  x: Place,
  y: Place,
  heights: readonly number[],
  words: readonly string[]
): SVGElement[] {
  const times = [...points, ...marks].map(({ timeMs }) => timeMs)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const [low, high] = [Math.min(...heights), Math.max(...heights)]
  const time = (ms: number, anchor: string) =>
    svg('text', { x: x(ms), y: HEIGHT - 5, 'text-anchor': anchor }, timeText(ms, last - first))
  const side = (value: number, text: string) =>
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, text.slice(0, 7))
  const values =
    words.length > 0
      ? words.slice(0, 6).map((word, index) => side(index, word))
      : [...new Set([low, high])].map(value => side(value, String(Number(value.toPrecision(5)))))
  return [
    across(HEIGHT - BOTTOM, 'millrace-axis'),
    time(first, 'start'),
    time((first + last) / 2, 'middle'),
    time(last, 'end'),
    ...values
  ]
}

const across = (height: number, kind: string) =>
  svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: height, y2: height, class: kind })

function curve(
  { points }: TimeLine,
  series: number,
  x: Place,
  y: (value: number | string) => number
): SVGElement[] {
  const colour = colourOf(series)
  const own = points
    .filter(({ of }) => of === series)
    .sort((one, other) => one.timeMs - other.timeMs)
    .map(({ timeMs, value }) => [x(timeMs).toFixed(1), y(value).toFixed(1)] as const)
  return [
    svg('polyline', { points: own.join(' '), fill: 'none', stroke: colour, 'stroke-width': 1.5 }),
    ...own.map(([cx, cy]) => svg('circle', { cx, cy, r: 2.5, fill: colour }))
  ]
}

/**
 * A line down from a word, which is left out where it says the same as the one before, or would
 * stand on it. Many marks are seen better without their lines.
 */
function markParts({ marks }: TimeLine, labels: readonly string[], x: Place): SVGElement[] {
  let free = 0
  let said = ''
  const from = marks.length > MANY_MARKS ? '22' : `${HEIGHT - BOTTOM}V22`
  const sorted = [...marks].sort((one, other) => one.timeMs - other.timeMs)
  return sorted.flatMap(mark => {
    const at = x(mark.timeMs)
    const text = textOf(mark, labels)
    const half = (text.length * LETTER) / 2
    const middle = Math.min(Math.max(at, LEFT + half), WIDTH - half)
    const isFree = text !== said && middle - half >= free
    if (isFree) free = middle + half + LETTER
    said = text
    const word = svg('text', { x: middle, y: 11, 'text-anchor': 'middle' }, text)
    return [
      svg('path', { d: `M${at} ${from}l-4-7h8l-4 7`, class: 'millrace-mark' }),
      ...(isFree ? [word] : [])
    ]
  })
}

const textOf = ({ says, output }: TimeLine['marks'][number], labels: readonly string[]) =>
  says ?? labels[output] ?? String(output + 1)

function legend(series: readonly string[]): HTMLElement {
  const names = series.map((name, index) => {
    const dot = element('span', { 'aria-hidden': 'true', style: `color: ${colourOf(index)}` }, '● ')
    return element('span', {}, dot, name)
  })
  return element('div', { class: 'millrace-legend' }, ...names)
}

function inWords({ marks, points, series }: TimeLine, labels: readonly string[]): HTMLElement {
  const line = (timeMs: number, ...texts: (string | undefined)[]) =>
    element(
      'li',
      {},
      [new Date(timeMs).toLocaleString(), ...texts].filter(text => text !== undefined).join(' · ')
    )
  const name = (of: number | undefined) => (of === undefined ? undefined : series[of])
  const items =
    marks.length > 0
      ? marks.map(mark => line(mark.timeMs, textOf(mark, labels), name(mark.of)))
      : points.map(({ timeMs, value, of }) => line(timeMs, String(value), name(of)))
  return element('details', {}, element('summary', {}, say('inWords')), element('ul', {}, ...items))
}

const colourOf = (series: number) => COLOURS[series % COLOURS.length]!

function timeText(ms: number, spanMs: number): string {
  const at = new Date(ms)
  return spanMs < DAY_MS ? at.toLocaleTimeString() : at.toLocaleDateString()
}

/** From the values that there are to places in the picture; one value alone is in the middle. */
function scale(values: readonly number[], [from, to]: readonly [number, number]): Place {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return value =>
    high === low ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from)
}

function svg(name: string, attributes: Attributes, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}
