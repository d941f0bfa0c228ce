/**
 * The parts of README.md and docs/ that are made from the code and from measurements. Run it to
 * write them anew.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CHECK_CODES } from '../core/advice/codes.ts'
import { MEANING } from '../core/dead-letter/headers.ts'
import { CODES } from '../core/errors.ts'
import type { NodeSpec } from '../core/node/spec.ts'
import { companions, HOME, type Manifest } from './palettes.ts'
import { readRooms } from './rooms.ts'

export interface Document {
  /** Relative to the repository. */
  readonly path: string
  readonly written: string
  readonly generated: string
}

/** Every document with generated parts, as it is and as the code has it now. */
export async function currentDocuments(): Promise<Document[]> {
  const { rooms } = await readRooms(HOME)
  const manifest = JSON.parse(await readFile(join(HOME, 'package.json'), 'utf8')) as Published
  const home = repositoryOf(manifest)
  const beside = await companionTables(home)
  const performance = await readFile(join(HOME, 'docs', 'performance.md'), 'utf8')
  return Promise.all([
    document('README.md', text => {
      const nodes = [nodeTable(rooms, home), ...beside.map(({ row }) => row)].join('\n')
      const withNodes = between(text, 'nodes', nodes)
      return atHome(between(withNodes, 'figures', figureTable(performance)), home)
    }),
    document('docs/reasons.md', text => between(text, 'codes', sentenceTable('code', CODES))),
    document('docs/checks.md', text =>
      between(text, 'checks', sentenceTable('check', CHECK_CODES))
    ),
    document('docs/dead-letters.md', text =>
      between(text, 'headers', sentenceTable('header', MEANING))
    ),
    document('docs/README.md', text =>
      between(text, 'companions', beside.map(({ line }) => line).join('\n'))
    ),
    ...beside.map(({ readme, table }) =>
      document(readme, text => atHome(between(text, 'nodes', table), home))
    )
  ])
}

/** What the documents say of each companion. */
async function companionTables(home: string) {
  return Promise.all(
    (await companions()).map(async ({ short, folder, manifest: { name, description } }) => {
      const { rooms } = await readRooms(folder)
      const readme = `palettes/${short}/README.md`
      const labels = rooms.map(({ spec }) => spec.label).join(', ')
      const what = `${cell(description)} A package of its own: \`${name}\`.`
      return {
        readme,
        table: nodeTable(rooms, home, `palettes/${short}/nodes`),
        row: `| [**${labels}**](${home}/blob/main/${readme}) | ${what} | – |`,
        line: `- [\`${name}\`](../${readme}): ${labels}`
      }
    })
  )
}

async function document(path: string, make: (text: string) => string): Promise<Document> {
  const written = await readFile(join(HOME, path), 'utf8')
  return { path, written, generated: make(written) }
}

type Published = Manifest & { readonly repository: { readonly url: string } }

/** Where the project is published, e.g. `https://github.com/owner/name`; package.json says it. */
export const repositoryOf = ({ repository }: Pick<Published, 'repository'>): string =>
  repository.url.replace(/^git\+/, '').replace(/\.git$/, '')

/**
 * Addresses of the repository's files, wherever they pointed before: the npm page shows no relative
 * ones.
 */
function atHome(text: string, home: string): string {
  const raw = home.replace('https://github.com/', 'https://raw.githubusercontent.com/')
  return text
    .replace(/https:\/\/raw\.githubusercontent\.com\/[^/\s]+\/[^/\s]+\/main\//g, `${raw}/main/`)
    .replace(/https:\/\/github\.com\/[^/\s]+\/[^/\s]+\/blob\/main\//g, `${home}/blob/main/`)
    .replace(/git clone https:\/\/github\.com\/\S+/g, `git clone ${home}`)
}

/** The nodes in the order of the palette, each with a link to its help. */
export function nodeTable(
  rooms: readonly { readonly name: string; readonly spec: NodeSpec }[],
  home: string,
  folder = 'nodes'
): string {
  const rows = rooms.map(({ name, spec: { label, summary, outputs, category } }) => {
    const ports = category === 'config' ? 'configuration' : outputs.join(', ') || '–'
    const help = `${home}/blob/main/${folder}/${name}/help.md`
    return `| [**${label}**](${help}) | ${cell(summary)} | ${cell(ports)} |`
  })
  return ['| node | what it does | outputs |', '|---|---|---|', ...rows].join('\n')
}

/** Names and their sentences, in the order of the list. */
export function sentenceTable(what: string, named: Readonly<Record<string, string>>): string {
  const rows = Object.entries(named).map(([name, text]) => `| \`${name}\` | ${cell(text)} |`)
  return [`| ${what} | meaning |`, '|---|---|', ...rows].join('\n')
}

/** Lanes of docs/performance.md that the README shows, and what a person calls them. */
const SHOWN = [
  ['### A: MQTT QoS 1 → raw topic, publisher running', 'MQTT QoS 1 → Kafka'],
  ['### B: ', 'Kafka → checked, UTC time, location → Kafka'],
  ['### C: ', 'Kafka → TimescaleDB table']
] as const

/**
 * Three lanes of the newest full run: this pack, and Node-RED as it is used today for the same
 * work.
 */
export function figureTable(performance: string): string {
  const rows = SHOWN.map(([heading, work]) => {
    const at = performance.indexOf(heading)
    const section = performance.slice(at, performance.indexOf('\n### ', at + 1))
    const figures = (name: string) => {
      const cells = section
        .split('\n')
        .find(line => line.startsWith(`| ${name} |`))
        ?.split('|')
      return cells ? `${cells[2]!.trim()}/s, ${cells[3]!.trim()} µs` : '–'
    }
    return `| ${work} | ${figures('millrace')} | ${figures('node-red-today')} | ${figures('plain-script')} |`
  })
  const head = '| | Millrace | Node-RED with the usual nodes | a plain script |'
  return [head, '|---|---:|---:|---:|', ...rows].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function between(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`There is no ${start} … ${end}.`)
  return `${text.slice(0, from + start.length)}\n${table}\n${text.slice(to)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { path, written, generated } of await currentDocuments()) {
    if (written !== generated) await writeFile(join(HOME, path), generated)
    console.log(`${path}: ${written === generated ? 'up to date' : 'written'}`)
  }
}
