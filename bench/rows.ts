/**
 * Lane B2: one message with 20 measurements → 20 rows, by decode and reshape with the defaults of
 * their dialogs.
 *
 *     node --import tsx bench/rows.ts [--telegraf=PATH] [--write-docs]
 *
 * Batches of 500 messages as a kafka consumer gives them; what is counted is the time of the
 * processor for both nodes together, without Kafka and without the hop between two nodes, which is
 * 10 us a batch. Beside it, what Telegraf takes, where the path of its program is given.
 */
import { parseArgs } from 'node:util'
import { parseOptions } from '../core/node/spec.ts'
import { decoder } from '../nodes/decode/logic.ts'
import { spec as decodeSpec } from '../nodes/decode/spec.ts'
import { reshaper } from '../nodes/reshape/logic.ts'
import { spec as reshapeSpec } from '../nodes/reshape/spec.ts'
import { writeBetween } from './docs.ts'
import { machine } from './machine.ts'
import { telegrafMicros, telegrafVersion } from './telegraf-rows.ts'
import { METRICS, type WideShape, wideBatch, wideShapes } from './wide-messages.ts'

const MESSAGES = 500
const ROUND_MS = 1_000
const ROUNDS = 7

/** Microseconds of the processor for a row, the best of some rounds. */
async function microsOf(shape: WideShape): Promise<number> {
  const decode = await decoder(parseOptions(decodeSpec, {}), Date.now)
  const reshape = reshaper(parseOptions(reshapeSpec, shape.settings), Date.now, () => {
    throw new Error('Nothing is calculated.')
  })
  const message = wideBatch(shape, MESSAGES)
  const once = async () => {
    const { outputs } = await decode(message)
    return (await reshape({ payload: outputs[0] })).outputs[0].length
  }
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.cpuUsage()
    const endMs = performance.now() + ROUND_MS
    let rows = 0
    while (performance.now() < endMs) rows += await once()
    const { user, system } = process.cpuUsage(began)
    if (rows % (MESSAGES * METRICS) !== 0) throw new Error(`There are ${rows} rows.`)
    best = Math.min(best, (user + system) / rows)
  }
  return best
}

const { values } = parseArgs({
  options: { 'write-docs': { type: 'boolean', default: false }, telegraf: { type: 'string' } }
})
const results: string[] = []
for (const shape of wideShapes) {
  const micros = (await microsOf(shape)).toFixed(2)
  const telegraf = values.telegraf && telegrafMicros(values.telegraf, shape).toFixed(2)
  const cells = [shape.name, micros, ...(telegraf ? [telegraf] : [])]
  results.push(`| ${cells.join(' | ')} |`)
  console.log(`${shape.name}: ${micros} us a row${telegraf ? `, Telegraf ${telegraf}` : ''}`)
}
if (values['write-docs']) {
  const { cpu, node } = machine(process.execPath)
  const version = values.telegraf && telegrafVersion(values.telegraf)
  const heads = ['CPU us/row, one message with 20 measurements → 20 rows', 'Millrace']
  const head = `| ${[...heads, ...(version ? [version] : [])].join(' | ')} |`
  const line = `|---|---:|${version ? '---:|' : ''}`
  writeBetween('rows', `\n${cpu}, Node ${node}.\n\n${[head, line, ...results].join('\n')}\n`)
}
