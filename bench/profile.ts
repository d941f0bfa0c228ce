/**
 * `node --import tsx bench/profile.ts FILE…`: where the time of a CPU profile went, by function and
 * by package, without idle time.
 */
import { readFileSync } from 'node:fs'
import { program } from './session.ts'

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: Frame
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const TOP = 40

/**
 * `a/node_modules/kafkajs/src/x.js` → `kafkajs/src/x.js`; files of the repository by their path in
 * it.
 */
const shortened = (url: string) =>
  url.replace(/^.*node_modules\//, '').replace(/^.*\/(dist|bench|core|nodes)\//, '$1/')

function nameOf({ functionName, url, lineNumber }: Frame): string {
  return url === ''
    ? functionName
    : `${functionName || '(anonymous)'} ${shortened(url)}:${lineNumber + 1}`
}

const packageOf = ({ url, functionName }: Frame): string => {
  if (url === '') return functionName.startsWith('(') ? functionName : '(engine)'
  return url.startsWith('node:')
    ? url.split('/')[0]!
    : shortened(url)
        .split('/')
        .slice(0, url.includes('node_modules/@') ? 2 : 1)
        .join('/')
}

/** The nodes of the call tree that do no loading of modules: a short run would show little else. */
function working(profile: Profile): Map<number, Frame[]> {
  const byId = new Map(profile.nodes.map(node => [node.id, node]))
  const stacks = new Map<number, Frame[]>()
  const walk = (id: number, above: Frame[]) => {
    const { callFrame, children = [] } = byId.get(id)!
    if (callFrame.functionName === 'Module._load' || callFrame.url.includes('modules/esm')) return
    const stack = [...above, callFrame]
    stacks.set(id, stack)
    for (const child of children) walk(child, stack)
  }
  walk(profile.nodes[0]!.id, [])
  return stacks
}

type Sums = readonly (readonly [name: string, micros: number])[]

/** Time by what `keys` says of the stack of a sample; a sample counts once for each key. */
function sumUp(
  profile: Profile,
  keys: (stack: readonly Frame[]) => Iterable<string>
): { sums: Sums; all: number } {
  const stacks = working(profile)
  const sums = new Map<string, number>()
  let all = 0
  for (const [index, id] of profile.samples.entries()) {
    const stack = stacks.get(id)
    if (!stack || stack.at(-1)!.functionName === '(idle)') continue
    const micros = profile.timeDeltas[index]!
    all += micros
    for (const name of keys(stack)) sums.set(name, (sums.get(name) ?? 0) + micros)
  }
  return { sums: [...sums].sort((a, b) => b[1] - a[1]), all }
}

function show(title: string, { sums, all }: { sums: Sums; all: number }): void {
  console.log(`\n${title} (${Math.round(all / 1000)} ms)`)
  for (const [name, micros] of sums.slice(0, TOP))
    console.log(`${((100 * micros) / all).toFixed(1).padStart(5)} %  ${name}`)
}

await program(async () => {
  for (const file of process.argv.slice(2)) {
    const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
    show(
      `${file}, by package`,
      sumUp(profile, stack => [packageOf(stack.at(-1)!)])
    )
    show(
      'by function, itself',
      sumUp(profile, stack => [nameOf(stack.at(-1)!)])
    )
    show(
      'by function, with what it calls',
      sumUp(profile, stack => new Set(stack.map(nameOf)))
    )
  }
})
