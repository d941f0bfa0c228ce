import { parseArgs } from 'node:util'
import { LANES, type LaneName, MORE_LANES } from './contestant.ts'
import { USUAL_RATES } from './lanes/rates.ts'

export interface Request {
  /** Empty where only the lane `rates` is asked for. */
  readonly lanes: readonly LaneName[]
  /** Records a second, one after the other, where the lane `rates` is asked for. */
  readonly rates?: readonly number[]
  readonly rateSeconds?: number
  /** Names of contestants; all where empty. */
  readonly contestants: readonly string[]
  readonly quick: boolean
  readonly writeDocs: boolean
  readonly keepServices: boolean
  readonly mosquitto: boolean
  readonly profile: boolean
  readonly node?: string
  readonly scale: number
}

export const USAGE = `npm run bench -- [lanes] [contestants] [options]

  A B C W E          these lanes only
  http               lists of 100 records by HTTP POST → raw topic
  influx             clean topic → points of line protocol in QuestDB
  rates              CPU and latency from 10 to 20,000 records/s, some 7 minutes a contestant
  store-and-forward  what has waited on disk and new records beside it, by itself and without services
  device-registry    records of 100,000 devices through a list of them, by itself, on PostgreSQL
  millrace …         these contestants only (folders of bench/contestants)
  --quick            a few thousand records: shows that everything works, its figures mean nothing
  --scale=0.2        this part of the usual number of records
  --rates=100,1000   only these, in the lane rates
  --seconds=8        how long each rate lasts, in the lanes rates and E
  --node=PATH        start contestants with this Node (or NODE=PATH)
  --profile          CPU profiles of contestants that run on Node, in .millrace/bench/profiles
  --mosquitto        the mosquitto on PATH as MQTT broker
  --keep             leave the services running for the next run
  --write-docs       write the newest full run's figures into docs/performance.md; with lanes or contestants: run first`

/** @throws Error with a sentence about the argument that is not understood */
export function parseRequest(args: readonly string[], known: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      mosquitto: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      node: { type: 'string' },
      scale: { type: 'string', default: '1' },
      rates: { type: 'string' },
      seconds: { type: 'string' }
    }
  })
  const lanes = [...LANES, ...MORE_LANES].filter(lane => positionals.includes(lane))
  const hasRates = positionals.includes('rates') || values.rates !== undefined
  const contestants = positionals.filter(name => !isLane(name) && name !== 'rates')
  const unknown = contestants.find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new Error(
      `"${unknown}" is neither a lane (${[...LANES, ...MORE_LANES].join(', ')}, rates) nor a contestant (${known.join(', ')}).`
    )
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 10))
    throw new Error(`--scale must be a number above 0 and up to 10, not "${values.scale}".`)
  const node = values.node ?? process.env.NODE
  return {
    lanes: lanes.length > 0 || hasRates ? lanes : LANES,
    ...(hasRates ? { rates: ratesOf(values.rates) } : {}),
    ...(values.seconds === undefined ? {} : { rateSeconds: positive('seconds', values.seconds) }),
    contestants,
    quick: values.quick,
    writeDocs: values['write-docs'],
    keepServices: values.keep,
    mosquitto: values.mosquitto,
    profile: values.profile,
    scale,
    ...(node ? { node } : {})
  }
}

const ratesOf = (text: string | undefined): readonly number[] =>
  text === undefined ? USUAL_RATES : text.split(',').map(rate => positive('rates', rate))

/** @throws Error with a sentence about the option */
function positive(option: string, text: string): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value > 0))
    throw new Error(`--${option} takes whole numbers above 0, not "${text}".`)
  return value
}

const isLane = (name: string): name is LaneName =>
  ([...LANES, ...MORE_LANES] as readonly string[]).includes(name)
