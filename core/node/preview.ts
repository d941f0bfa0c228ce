import type { NodeAPI } from 'node-red'
import { reasonOf } from '../errors.ts'
import type { Learn } from '../learn/learned.ts'
import { OptionsError } from '../options-error.ts'
import { providedBy } from './define-node.ts'
import { Input } from './preview/input.ts'
import { kindsOf, type Make, type Previewed, type PreviewKind } from './preview/kinds.ts'
import { learnedBy } from './preview/learning.ts'
import { outcomeOf } from './preview/outcome.ts'
import { madeNow } from './preview/recent.ts'
import { type Before, type PreviewRequest, previewRequest } from './preview/request.ts'
import { type Stage, samplesBefore } from './preview/through.ts'
import { withDeadline } from './probe/deadline.ts'
import { Environment } from './probe/environment.ts'
import { dialogRoute } from './probe/route.ts'
import { nodesOf } from './probe/saved.ts'
import { settled } from './probe/values.ts'
import { samplesOf } from './samples/samples.ts'
import { Writer, type Written } from './samples/written.ts'
import { type NodeSpec, parseOptions } from './spec.ts'

export type { Make, Previewed, Provided, SortedSample, TimeLine } from './preview/kinds.ts'

/** What a dialog can do beside showing what leaves. */
export interface PreviewExtras extends Partial<Pick<PreviewKind, 'takes' | 'isAlone' | 'behind'>> {
  readonly learn?: Learn | undefined
}

const BUSY = 'Other dialogs are being answered at the moment. Try again in a few seconds.'
const DEADLINE_MS = 5_000
const CLOSE_MS = 2_000
const MAX_EXAMPLES = 64_000
const MOST_OFFERS = 500

/**
 * `POST /millrace/preview/<type>`: `{ action: 'samples', id, before }` answers with the messages
 * that the node has seen, or would get from those before it, and with the examples of the spec;
 * `{ action: 'preview', id, values, given }` with what leaves by each output; `{ action: 'learn',
 * id, values, given, answers }` with the settings that messages propose; `{ action: 'offers', id,
 * values, seen }` with what there is to tick. docs/security.md says who
 * may ask.
 */
export function previewRoute<S extends NodeSpec>(
  RED: NodeAPI,
  spec: S,
  make: Make<S>,
  { takes = 'records', ...extras }: PreviewExtras = {}
): void {
  const kind: PreviewKind = { spec, make: make as unknown as Make<NodeSpec>, takes, ...extras }
  knownTo(RED).set(spec.type, kind)
  dialogRoute(RED, `/millrace/preview/${spec.type}`, BUSY, body => answer(RED, kind, body))
}

/** Node-RED gives each node's module an API of its own, and all of them the same events. */
const knownTo = (RED: NodeAPI) => kindsOf(RED.events)

/** Never rejects: what goes wrong is a sentence in the answer. */
async function answer(RED: NodeAPI, kind: PreviewKind, body: unknown): Promise<object> {
  const environment = new Environment()
  try {
    const request = previewRequest(body)
    const found = (await ANSWERS[request.action](
      RED,
      kind,
      request as never,
      environment
    )) as object
    return { ok: true, ...(hidden(found, environment) as object) }
  } catch (error) {
    const problems = error instanceof OptionsError ? error.problems : [reasonOf(error)]
    return {
      ok: false,
      message: problems
        .map(problem => environment.hide(problem.slice(0, 1_000)))
        .join('\n')
        .slice(0, 4_000)
    }
  }
}

type Asked<Action> = Extract<PreviewRequest, { action: Action }>

const ANSWERS = {
  samples: samplesFor,
  preview,
  offers,
  learn: (RED: NodeAPI, kind: PreviewKind, request: Asked<'learn'>) =>
    withDeadline(DEADLINE_MS, () => learnedBy(kind, knownTo(RED), request))
} as const

/**
 * Those of the node itself; else what would come from the nearest node before it that has some.
 */
async function samplesFor(
  RED: NodeAPI,
  { spec }: PreviewKind,
  { id, before }: Asked<'samples'>,
  environment: Environment
): Promise<object> {
  const writer = new Writer(MAX_EXAMPLES)
  const examples = (spec.examples ?? []).map(({ name, topic = '', given, recent }) => ({
    name,
    topic,
    payload: writer.write(recent === true ? madeNow(given, Date.now()) : given)
  }))
  const own = spec.inputs === 0 ? [] : samplesOf(id)
  if (own.length > 0) return { from: id, samples: own, examples }
  const stages = before.map(each => stageOf(RED, each, environment))
  const found = await withDeadline(DEADLINE_MS, () => samplesBefore(stages))
  return { samples: [], ...found, examples }
}

const stageOf = (RED: NodeAPI, before: Before, environment: Environment): Stage => {
  const kind = knownTo(RED).get(before.type)
  const { id, values } = before
  return { ...before, kind, make: () => made(RED, kind!, { id, values }, environment).node }
}

/** The node of these values, beside the flow. */
function made(
  RED: NodeAPI,
  { spec, make, isAlone = false }: PreviewKind,
  { id, values }: Pick<Asked<'preview'>, 'id' | 'values'>,
  environment: Environment
): { node: Previewed; notices: string[] } {
  const nodes = nodesOf(RED)
  // A saved secret and a variable of the environment are used as a probe uses them.
  const usable = settled(spec, values, nodes.find(id, spec.type), true)
  const options = parseOptions(
    spec,
    isAlone ? withoutReferences(spec, usable) : usable,
    environment.reader(name => nodes.environment(id, name))
  )
  const notices: string[] = []
  return {
    node: make(
      options,
      notice => notices.push(notice),
      provider => providedBy(RED, provider)
    ),
    notices
  }
}

/** What is not looked at need not be chosen yet. */
const withoutReferences = (spec: NodeSpec, values: Readonly<Record<string, unknown>>) => ({
  ...values,
  ...Object.fromEntries(
    Object.entries(spec.fields).flatMap(([name, { kind }]) =>
      kind === 'ref' ? [[name, values[name] || '-']] : []
    )
  )
})

async function preview(
  RED: NodeAPI,
  kind: PreviewKind,
  request: Asked<'preview'>,
  environment: Environment
): Promise<object> {
  const input = new Input(request.given, kind.takes)
  return working(RED, kind, request, environment, async (node, notices) =>
    outcomeOf(input, await node.sort(input.message()), notices)
  )
}

function offers(
  RED: NodeAPI,
  kind: PreviewKind,
  request: Asked<'offers'>,
  environment: Environment
): Promise<object> {
  return working(RED, kind, request, environment, async node => ({
    items: (await (node.offers?.(request.seen) ?? [])).slice(0, MOST_OFFERS)
  }))
}

/** Lets the node of the dialog work; it is closed in any case. */
async function working(
  RED: NodeAPI,
  kind: PreviewKind,
  request: Asked<'preview' | 'offers'>,
  environment: Environment,
  work: (node: Previewed, notices: string[]) => Promise<object>
): Promise<object> {
  const { node, notices } = made(RED, kind, request, environment)
  try {
    return await withDeadline(DEADLINE_MS, () => work(node, notices))
  } catch (error) {
    const problem = node.problem?.()
    throw problem === undefined ? error : new OptionsError(kind.spec.label, [problem])
  } finally {
    await withDeadline(CLOSE_MS, async () => node.close?.()).catch(() => undefined)
  }
}

/** No answer shows what a variable of the environment stands for. */
function hidden(value: Written, environment: Environment): Written {
  if (!environment.isRead) return value
  if (typeof value === 'string') return environment.hide(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => hidden(item, environment))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [environment.hide(key), hidden(item, environment)])
  )
}
