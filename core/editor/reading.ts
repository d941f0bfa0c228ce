/** A number as a person says it, where its unit makes it large: 16777216 bytes are 16 MiB. */
export function readingOf(text: string, unit: string): string {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : 0
  const steps = STEPS.get(unit)
  if (steps === undefined || !Number.isSafeInteger(value)) return ''
  const step = steps.findLast(([of]) => value >= of)
  if (step === undefined) return ''
  const [of, name] = step
  const amount = value / of
  return Number.isInteger(amount * 100)
    ? `= ${amount} ${name}`
    : `≈ ${amount.toPrecision(3)} ${name}`
}

type Steps = readonly (readonly [of: number, name: string])[]

const SECONDS: Steps = [
  [60, 'min'],
  [3_600, 'h'],
  [86_400, 'd']
]

const STEPS: ReadonlyMap<string, Steps> = new Map([
  [
    'bytes',
    [
      [1_024, 'KiB'],
      [1_048_576, 'MiB'],
      [1_073_741_824, 'GiB']
    ]
  ],
  ['s', SECONDS],
  ['ms', [[1_000, 's'], ...SECONDS.map(([of, name]) => [of * 1_000, name] as const)]]
] satisfies [string, Steps][])
