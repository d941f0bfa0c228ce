import { parseArgs } from 'node:util'
import { LANES, type LaneName } from './contestant.ts'

export interface Request {
  readonly lanes: readonly LaneName[]
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

  A B C E            these lanes only
  millrace …         these contestants only (folders of bench/contestants)
  --quick            a few thousand records: shows that everything works, its figures mean nothing
  --scale=0.2        this part of the usual number of records
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
      scale: { type: 'string', default: '1' }
    }
  })
  const lanes = LANES.filter(lane => positionals.includes(lane))
  const contestants = positionals.filter(name => !isLane(name))
  const unknown = contestants.find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new Error(
      `"${unknown}" is neither a lane (${LANES.join(', ')}) nor a contestant (${known.join(', ')}).`
    )
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 10))
    throw new Error(`--scale must be a number above 0 and up to 10, not "${values.scale}".`)
  const node = values.node ?? process.env.NODE
  return {
    lanes: lanes.length > 0 ? lanes : LANES,
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

const isLane = (name: string): name is LaneName => (LANES as readonly string[]).includes(name)
