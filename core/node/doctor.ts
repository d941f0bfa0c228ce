import { CODES, reasonOf } from '../errors.ts'
import { type Examination, type OperatorAnswer, QUESTIONS } from './answer.ts'
import { allMetrics, leading, type NodeMetrics } from './metrics.ts'
import { withDeadline } from './probe/deadline.ts'

/** Between two looks at the counts, to tell a rate. */
const WINDOW_MS = 2_000
/** A server that says nothing for so long is told of; the others are not waited for longer. */
const DEADLINE_MS = 8_000
/** Whoever asks again at once gets the same answers, so that nobody loads a server by asking. */
const FRESH_MS = 3_000
/** More of what was taken is no longer a device that is wrong now and then. */
const MANY_REJECTED = 0.01

let last: { readonly sinceMs: number; readonly examination: Promise<Examination> } | undefined

/** Asks all nodes and their servers, read only. */
export function examination(): Promise<Examination> {
  const nowMs = performance.now()
  if (last === undefined || nowMs - last.sinceMs > FRESH_MS + DEADLINE_MS)
    last = { sinceMs: nowMs, examination: examined() }
  const { examination } = last
  const done = () => {
    setTimeout(() => {
      if (last?.examination === examination) last = undefined
    }, FRESH_MS).unref()
  }
  void examination.then(done, done)
  return examination
}

async function examined(): Promise<Examination> {
  const nodes = allMetrics()
  const [rates, ...asked] = await Promise.all([ratesOf(nodes), ...nodes.map(askedOf)])
  const answers = [...nodes.map(statusOf), ...asked.flat(), ...rates, ...nodes.flatMap(adviceOf)]
  return {
    at: new Date().toISOString(),
    answers: sorted(answers.filter(each => each !== undefined))
  }
}

/** What a node says of its server. */
async function askedOf(node: NodeMetrics): Promise<readonly OperatorAnswer[]> {
  const { examine } = node
  if (examine === undefined) return []
  try {
    return await withDeadline(DEADLINE_MS, signal => examine(signal))
  } catch (error) {
    const found = reasonOf(error)
    const todo = 'See whether its server runs and can be reached from here.'
    return [{ question: QUESTIONS.nodes, about: nameOf(node), found, state: 'bad', todo }]
  }
}

function statusOf(node: NodeMetrics): OperatorAnswer | undefined {
  const { status } = node
  if (status === undefined) return undefined
  const about = nameOf(node)
  if (status.healthy) return { question: QUESTIONS.nodes, about, found: status.text, state: 'well' }
  const todo = status.refused
    ? 'Its settings are wrong, so it does not run: mend them in its dialog.'
    : 'It waits: the log of Node-RED says since when and why; see what it writes to or reads from.'
  return { question: QUESTIONS.nodes, about, found: status.text, state: 'bad', todo }
}

/** Rates, and what was rejected meanwhile. */
async function ratesOf(nodes: readonly NodeMetrics[]): Promise<OperatorAnswer[]> {
  const before = nodes.map(({ in: taken, rejected }) => ({ taken, rejected }))
  const sinceMs = performance.now()
  await new Promise(resolve => setTimeout(resolve, WINDOW_MS))
  const seconds = (performance.now() - sinceMs) / 1000
  return nodes.flatMap((node, index) => {
    const { taken, rejected } = before[index]!
    const answers: OperatorAnswer[] = []
    if (node.in > 0) {
      const perSecond = Math.round(((node.in - taken) / seconds) * 10) / 10
      const found = `${perSecond} records/s, ${node.in} since the start`
      answers.push({ question: QUESTIONS.rate, about: nameOf(node), found, state: 'well' })
    }
    if (node.refused.size > 0) answers.push(rejectedOf(node, node.rejected > rejected))
    return answers
  })
}

function rejectedOf(node: NodeMetrics, isNow: boolean): OperatorAnswer {
  const codes = leading(node.refused)
  const texts = codes.slice(0, 5).map(([code, records]) => `${records} ${code}`)
  const [leader = ''] = codes[0] ?? []
  const meaning = (CODES as Record<string, string>)[leader]
  const isMuch = node.refusedHere > node.in * MANY_REJECTED
  return {
    question: QUESTIONS.rejected,
    about: nameOf(node),
    found: `${texts.join(', ')}${codes.length > 5 ? ', …' : ''} of ${node.in} records${isNow ? ', and more just now' : ''}`,
    state: isNow || isMuch ? 'look' : 'well',
    ...((isNow || isMuch) && {
      todo: `${meaning === undefined ? '' : `${leader}: ${meaning} `}Read some in the dead-letter topic, mend device or flow, and send them again with dead letter replay.`
    })
  }
}

const adviceOf = (node: NodeMetrics): OperatorAnswer[] =>
  node.findings.map(({ code, words, sentence }) => ({
    question: QUESTIONS.advice,
    about: nameOf(node),
    found: `${words} (${code})`,
    state: 'note',
    todo: sentence
  }))

const nameOf = ({ name, type, id }: NodeMetrics): string =>
  `${type.replace(/^millrace-/, '').replaceAll('-', ' ')} ${name === '' ? id : `"${name}"`}`

/** By question; several nodes may have asked the same of one server. */
function sorted(answers: readonly OperatorAnswer[]): OperatorAnswer[] {
  const known = new Map(
    answers.map(each => [`${each.question}\n${each.about}\n${each.found}`, each])
  )
  const order: readonly string[] = Object.values(QUESTIONS)
  return [...known.values()].sort((a, b) => order.indexOf(a.question) - order.indexOf(b.question))
}
