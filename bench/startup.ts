/**
 * `node --import tsx bench/startup.ts [--write-docs]`: how long Node-RED takes to start with this
 * pack and without, turn by turn.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { anyFree } from '../stack/ports.ts'
import { repository } from '../stack/services.ts'
import { emptyFolder } from './contestant.ts'
import { writeBetween } from './docs.ts'
import { benchHome } from './field.ts'
import { usageOf } from './process-tree.ts'
import { median } from './regression/compare.ts'
import { program } from './session.ts'

const ROUNDS = 7
const HIGHEST_RATIO = 1.3
const MOST_EDITOR_BYTES = 300_000
const START_LIMIT_MS = 60_000

async function userDirectory(name: string, withPack: boolean): Promise<string> {
  const folder = emptyFolder(join(benchHome, 'startup', name))
  if (withPack) {
    mkdirSync(join(folder, 'node_modules', '@millrace'), { recursive: true })
    symlinkSync(repository, join(folder, 'node_modules', '@millrace', 'node-red-telemetry'), 'dir')
  }
  const dependencies = withPack ? { '@millrace/node-red-telemetry': '*' } : {}
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, dependencies }))
  writeFileSync(join(folder, 'flows.json'), '[]')
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: await anyFree(new Set()),
    flowFile: 'flows.json',
    credentialSecret: 'bench'
  }
  writeFileSync(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(settings)}\n`)
  return folder
}

interface StartCost {
  readonly ms: number
  readonly cpuMs: number
}

/** From the start of the process until the flows run. */
function startOnce(folder: string): Promise<StartCost> {
  const red = createRequire(import.meta.url).resolve('node-red/red.js')
  const startedMs = performance.now()
  const child = spawn(process.execPath, [red, '--userDir', folder], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  return new Promise((resolve, reject) => {
    let cost: StartCost | undefined
    const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (cost !== undefined || !text.includes('Started flows')) return
      cost = { ms: performance.now() - startedMs, cpuMs: usageOf(child.pid!).cpuMicros / 1000 }
      child.kill('SIGTERM')
    })
    child.once('exit', () => {
      clearTimeout(limit)
      if (cost === undefined) reject(new Error('Node-RED ended before its flows had started.'))
      else resolve(cost)
    })
  })
}

/** Everything that the editor loads of the pack: the pages of the nodes and what they share. */
function editorBytes(): number {
  const dist = join(repository, 'dist')
  const files = readdirSync(dist).filter(name => name.endsWith('.html'))
  return files.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0)
}

/** @throws Error where Node-RED has not found the pack, so that nothing would be compared */
function expectPack(folder: string): void {
  const known = JSON.parse(readFileSync(join(folder, '.config.nodes.json'), 'utf8')) as Record<
    string,
    unknown
  >
  if (!('@millrace/node-red-telemetry' in known))
    throw new Error('Node-RED did not load the pack: run npm run build.')
}

await program(async () => {
  const [without, withPack] = [
    await userDirectory('without', false),
    await userDirectory('with', true)
  ]
  for (const folder of [without, withPack]) await startOnce(folder)
  expectPack(withPack)
  const rounds: { without: StartCost; with: StartCost }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ without: await startOnce(without), with: await startOnce(withPack) })
  const middle = (of: 'without' | 'with', what: keyof StartCost) =>
    median(rounds.map(round => round[of][what]))
  const ratio = (what: keyof StartCost) =>
    median(rounds.map(round => round.with[what] / round.without[what]))
  const bytes = editorBytes()
  const sentences = [
    `Without the pack ${Math.round(middle('without', 'ms'))} ms, with it ${Math.round(middle('with', 'ms'))} ms: ${ratio('ms').toFixed(2)} times.`,
    `CPU time ${Math.round(middle('without', 'cpuMs'))} ms and ${Math.round(middle('with', 'cpuMs'))} ms: ${ratio('cpuMs').toFixed(2)} times.`,
    `The editor loads ${Math.round(bytes / 1000)} kB of it.`
  ]
  console.log(sentences.join('\n'))
  if (process.argv.includes('--write-docs'))
    writeBetween(
      'startup',
      `Medians of ${ROUNDS} starts each, turn by turn. ${sentences.join(' ')}`
    )
  const found = {
    atMs: Date.now(),
    ratio: ratio('ms'),
    cpuRatio: ratio('cpuMs'),
    editorBytes: bytes,
    rounds
  }
  writeFileSync(join(benchHome, 'startup.json'), `${JSON.stringify(found, null, 2)}\n`)
  if (ratio('ms') > HIGHEST_RATIO || bytes > MOST_EDITOR_BYTES) process.exitCode = 1
})
