/**
 * What Telegraf takes for the same messages: its parser json_v2 and its processor unpivot, from
 * files to nowhere. There are 500 messages a file, as a list, so that opening files counts for
 * little; its start is measured by itself and taken off.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usageOf } from './process-tree.ts'
import { METRICS, payloadOf, type WideShape } from './wide-messages.ts'

const MESSAGES = 500
const FILES = 100
const ROUNDS = 3
const ROWS_A_FILE = MESSAGES * METRICS

/** Microseconds of the processor for a row, the best of some rounds. */
export function telegrafMicros(program: string, shape: WideShape): number {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-telegraf-'))
  try {
    const run = (files: number, output: string) => {
      const config = configOf(folder, shape, files, output)
      return microsOf(program, config)
    }
    const rows = join(folder, 'rows')
    run(1, `[[outputs.file]]\nfiles = ["${rows}"]`)
    const written = readFileSync(rows, 'utf8').split('\n').length - 1
    if (written !== ROWS_A_FILE) throw new Error(`Telegraf made ${written} rows.`)
    const NOWHERE = '[[outputs.discard]]'
    const micros = Array.from({ length: ROUNDS }, () => {
      const start = run(1, NOWHERE)
      return (run(FILES + 1, NOWHERE) - start) / (FILES * ROWS_A_FILE)
    })
    return Math.min(...micros)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The path of a configuration that reads so many files. */
function configOf(folder: string, shape: WideShape, files: number, output: string): string {
  const input = join(folder, String(files))
  mkdirSync(input, { recursive: true })
  const messages = Array.from({ length: MESSAGES }, (_, index) => payloadOf(shape, index))
  for (let file = 0; file < files; file++)
    writeFileSync(join(input, `${file}.json`), `[${messages.join(',')}]`)
  const path = join(folder, 'telegraf.conf')
  writeFileSync(
    path,
    `
[agent]
  metric_batch_size = 5000
  metric_buffer_limit = ${2 * FILES * ROWS_A_FILE}
  omit_hostname = true
[[inputs.file]]
  files = ["${input}/*.json"]
  data_format = "json_v2"
  [[inputs.file.json_v2]]
    measurement_name = "reading"
    [[inputs.file.json_v2.object]]
      path = "@this"
${shape.telegraf}
[[processors.unpivot]]
  use_fieldname_as = "tag"
  tag_key = "metric"
  value_key = "value"
${output}
`
  )
  return path
}

/** The time of the processor that a run takes, which is this process's with its children's. */
function microsOf(program: string, config: string): number {
  const own = () => {
    const { user, system } = process.cpuUsage()
    return user + system
  }
  const before = usageOf(process.pid).cpuMicros - own()
  const { status, stderr, error } = spawnSync(program, ['--config', config, '--once'], {
    encoding: 'utf8'
  })
  if (status !== 0) throw error ?? new Error(`Telegraf has ended with ${status}: ${stderr}`)
  return usageOf(process.pid).cpuMicros - own() - before
}

/** As `Telegraf 1.37.0`. */
export function telegrafVersion(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return /^Telegraf [\d.]+/.exec(stdout)?.[0] ?? 'Telegraf'
}
