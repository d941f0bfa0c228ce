import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CODES } from '../core/errors.ts'
import type { NodeSpec } from '../core/node/spec.ts'
import { HOME } from './code.ts'
import { readRooms } from './rooms.ts'

const README = join(HOME, 'README.md')

/** The README with its generated tables as the specs and the codes have them now. */
export async function currentReadme(): Promise<{ readonly written: string; readonly generated: string }> {
  const { rooms } = await readRooms(HOME)
  const written = await readFile(README, 'utf8')
  const withNodes = between(written, 'nodes', nodeTable(rooms.map(room => room.spec)))
  return { written, generated: between(withNodes, 'codes', codeTable(CODES)) }
}

/** The nodes in the order of the palette. */
export function nodeTable(specs: readonly NodeSpec[]): string {
  const rows = specs.map(({ label, summary, outputs, category }) => {
    const ports = category === 'config' ? 'configuration' : outputs.join(', ') || '–'
    return `| **${label}** | ${cell(summary)} | ${cell(ports)} |`
  })
  return ['| node | what it does | outputs |', '|---|---|---|', ...rows].join('\n')
}

/** Codes and their sentences, in the order of the list. */
export function codeTable(codes: Readonly<Record<string, string>>): string {
  return [
    '| code | meaning |',
    '|---|---|',
    ...Object.entries(codes).map(([code, sentence]) => `| \`${code}\` | ${cell(sentence)} |`)
  ].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function between(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has no ${start} … ${end}.`)
  return `${text.slice(0, from + start.length)}\n${table}\n${text.slice(to)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { written, generated } = await currentReadme()
  if (written !== generated) await writeFile(README, generated)
  console.log(written === generated ? 'README.md is up to date' : 'README.md: tables written')
}
