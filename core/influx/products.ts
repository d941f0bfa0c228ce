/** A server that takes line protocol, as far as it differs from others. */
export interface Product {
  /** As it is called in sentences. */
  readonly name: string
  /** A backslash before any character is taken away; where not, it stands for itself. */
  readonly doublesBackslash: boolean
  /** A line break in a name or tag can be written, with a backslash before it. */
  readonly takesNewlines: boolean
  /** A tab ends a tag. */
  readonly splitsAtTabs?: true
  readonly takesUnsigned: boolean
  readonly takesTexts: boolean
  /** Integers between these are kept as they are. */
  readonly least: bigint
  readonly most: bigint
  /** Names of fields and tags that mean something else there, beside those of all servers. */
  readonly reserved: readonly string[]
  /** The finest time that is kept. */
  readonly keeps: 'ns' | 'us' | 'ms'
  /** How a token is given. */
  readonly token: 'Token' | 'Bearer'
  /** How its answers say which line is to blame. */
  readonly blames: 'by number' | 'by quote' | 'no line'
}

const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n }
const OF_INFLUX = {
  doublesBackslash: false,
  takesNewlines: false,
  takesUnsigned: true,
  takesTexts: true,
  ...INT64,
  reserved: [],
  keeps: 'ns',
  token: 'Token',
  blames: 'by quote'
} as const

/** By the name that a configuration has. Found by asking the servers, see docs/systems.md. */
export const PRODUCTS = {
  influx1: { ...OF_INFLUX, name: 'InfluxDB 1', takesUnsigned: false },
  influx2: { ...OF_INFLUX, name: 'InfluxDB 2' },
  influx3: { ...OF_INFLUX, name: 'InfluxDB 3', splitsAtTabs: true, blames: 'by number' },
  timestream: { ...OF_INFLUX, name: 'Timestream for InfluxDB' },
  questdb: {
    ...OF_INFLUX,
    name: 'QuestDB',
    doublesBackslash: true,
    takesNewlines: true,
    takesUnsigned: false,
    // The least of 64 bits stands for null.
    least: INT64.least + 1n,
    reserved: ['timestamp'],
    keeps: 'us',
    token: 'Bearer',
    blames: 'by number'
  },
  victoriametrics: {
    ...OF_INFLUX,
    name: 'VictoriaMetrics',
    doublesBackslash: true,
    takesTexts: false,
    // All its values are doubles.
    least: BigInt(Number.MIN_SAFE_INTEGER),
    most: BigInt(Number.MAX_SAFE_INTEGER),
    reserved: ['__name__'],
    keeps: 'ms',
    token: 'Bearer',
    blames: 'no line'
  }
} as const satisfies Readonly<Record<string, Product>>

export type ProductName = keyof typeof PRODUCTS

export const productOf = (name: ProductName): Product => PRODUCTS[name]
