import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { load } from 'js-yaml'
import { currentDocuments, repositoryOf } from '../../build/documents.ts'
import { projectFiles, ROOT } from './sources.ts'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  homepage: string
  bugs: { url: string }
  repository: { url: string }
}
const home = repositoryOf(manifest)
const texts = projectFiles('').filter(({ path }) => path.endsWith('.md'))

/** Targets of links and pictures, without their anchors. */
const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!)

/** The places in a text that a link may name behind #, as forges make them of headings. */
const anchorsIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- ]/gu, '')
        .replaceAll(' ', '-')
    )
  )

/** The file of the repository that a link means; undefined for what is elsewhere. */
function fileOf(path: string, link: string): string | undefined {
  const raw = home.replace('https://github.com/', 'https://raw.githubusercontent.com/')
  for (const prefix of [`${home}/blob/main/`, `${raw}/main/`])
    if (link.startsWith(prefix)) return link.slice(prefix.length)
  return /^[a-z]+:/.test(link) ? undefined : normalize(join(dirname(path), link))
}

describe('the documents', () => {
  it('say what the code says', async () => {
    for (const { path, written, generated } of await currentDocuments())
      assert.equal(written, generated, `${path}: write it with npx tsx build/documents.ts`)
  })

  it('link to files that are there', () => {
    const broken = texts.flatMap(({ path, text }) =>
      linksIn(text)
        .filter(link => {
          const file = fileOf(path, link)
          return file !== undefined && !existsSync(join(ROOT, file))
        })
        .map(link => `${path} → ${link}`)
    )
    assert.deepEqual(broken, [])
  })

  it('link to headings that are there', () => {
    const broken = texts.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s#]*)#([^)\s]+)\)/g)].flatMap(([, link, anchor]) => {
        const file = link === '' ? path : fileOf(path, link!)
        if (file === undefined) return []
        const target = readFileSync(join(ROOT, file), 'utf8')
        return anchorsIn(target).has(anchor!) ? [] : [`${path} → ${link}#${anchor}`]
      })
    )
    assert.deepEqual(broken, [])
  })

  it('are all in their index', () => {
    const index = readFileSync(join(ROOT, 'docs', 'README.md'), 'utf8')
    const documents = projectFiles('docs')
      .map(file => file.path.slice('docs/'.length))
      .filter(path => path.endsWith('.md') && path !== 'README.md')
    assert.deepEqual(
      documents.filter(path => !index.includes(`](${path})`)),
      []
    )
  })

  it('begin with a README that is read in a few minutes, and works on any page', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    // A row a node: those who want one look for its name.
    const lines = readme.split('\n').filter(line => !line.startsWith('| [**'))
    assert.ok(lines.length <= 98, `${lines.length - 1} lines beside the rows of nodes`)
    assert.deepEqual(
      linksIn(readme).filter(link => !link.startsWith('https://')),
      []
    )
  })

  it('have no reading to send whose time grows older than the table keeps', () => {
    const forPeople = texts.filter(({ path }) => !path.startsWith('bench/'))
    const sent = [...forPeople, ...projectFiles('flows', 'examples')]
    const dated = sent.flatMap(({ path, text }) =>
      /ts\\?"?: *"?(\d{10,}|\d{4}-)/.test(text) ? [path] : []
    )
    assert.deepEqual(dated, [])
  })

  it('name one home, that of package.json', () => {
    assert.equal(manifest.homepage, `${home}#readme`)
    assert.equal(manifest.bugs.url, `${home}/issues`)
  })

  it('have workflows for public forges that run what .ci/run runs', () => {
    for (const name of ['ci', 'release']) {
      const text = readFileSync(join(ROOT, '.github', 'workflows', `${name}.yml`), 'utf8')
      const { jobs } = load(text) as { jobs: Record<string, { steps: { run?: string }[] }> }
      const commands = Object.values(jobs).flatMap(job => job.steps.map(step => step.run))
      assert.ok(commands.includes('bash .ci/run'), name)
    }
  })
})
