import type { NodeAPI } from 'node-red'
import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import type { Message } from '../record/message.ts'
import { Input } from './preview/input.ts'
import { outcomeOf } from './preview/outcome.ts'
import { type PreviewRequest, previewRequest } from './preview/request.ts'
import { withDeadline } from './probe/deadline.ts'
import { Environment } from './probe/environment.ts'
import { dialogRoute } from './probe/route.ts'
import { nodesOf } from './probe/saved.ts'
import { settled } from './probe/values.ts'
import { samplesOf } from './samples/samples.ts'
import { Writer, type Written } from './samples/written.ts'
import { type NodeSpec, type Options, parseOptions } from './spec.ts'

/** A node of a dialog that is open: it works, and nobody else sees it. */
export interface Previewed {
  sort(message: Message): Sorted | Promise<Sorted>
  /** What it waits for, in a few words. */
  problem?(): string | undefined
  close?(): void | Promise<void>
}

interface Sorted {
  readonly outputs: readonly (readonly unknown[])[]
  readonly filtered: number
}

/** Makes the node with options that are not saved. `say` gets what it would write to the log. */
export type Make<S extends NodeSpec> = (
  options: Options<S>,
  say: (notice: string) => void
) => Previewed

const BUSY = 'Other dialogs are being answered at the moment. Try again in a few seconds.'
const DEADLINE_MS = 5_000
const CLOSE_MS = 2_000
const MAX_EXAMPLES = 64_000

/**
 * `POST /millrace/preview/<type>`: `{ action: 'samples', id, before }` answers with the messages
 * that the node, or else the first of those before it, has seen, and with the examples of the spec;
 * `{ action: 'preview', id, values, given }` with what leaves by each output. docs/security.md says
 * who may ask.
 */
export function previewRoute<S extends NodeSpec>(RED: NodeAPI, spec: S, make: Make<S>): void {
  dialogRoute(RED, `/millrace/preview/${spec.type}`, BUSY, body => answer(RED, spec, make, body))
}

/** Never rejects: what goes wrong is a sentence in the answer. */
async function answer<S extends NodeSpec>(
  RED: NodeAPI,
  spec: S,
  make: Make<S>,
  body: unknown
): Promise<object> {
  const environment = new Environment()
  try {
    const request = previewRequest(body)
    if (request.action === 'samples')
      return { ok: true, ...samplesFor(spec, request.id, request.before) }
    return {
      ok: true,
      ...(hidden(await preview(RED, spec, make, request, environment), environment) as object)
    }
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

/**
 * Those of the node itself, or of the nearest node before it that has some: a new node has seen
 * nothing.
 */
function samplesFor(spec: NodeSpec, id: string, before: readonly string[]): object {
  const from = [id, ...before].find(each => samplesOf(each).length > 0)
  const writer = new Writer(MAX_EXAMPLES)
  const examples = (spec.examples ?? []).map(({ name, topic = '', given }) => ({
    name,
    topic,
    payload: writer.write(given)
  }))
  return { from, samples: from === undefined ? [] : samplesOf(from), examples }
}

type Asked = Extract<PreviewRequest, { action: 'preview' }>

async function preview<S extends NodeSpec>(
  RED: NodeAPI,
  spec: S,
  make: Make<S>,
  { id, values, given }: Asked,
  environment: Environment
): Promise<object> {
  const nodes = nodesOf(RED)
  // A saved secret and a variable of the environment are used as a probe uses them.
  const usable = settled(spec, values, nodes.find(id, spec.type), true)
  const options = parseOptions(
    spec,
    usable,
    environment.reader(name => nodes.environment(id, name))
  )
  const notices: string[] = []
  const node = make(options, notice => notices.push(notice))
  const input = new Input(given)
  try {
    const { outputs, filtered } = await withDeadline(DEADLINE_MS, async () =>
      node.sort(input.message())
    )
    return outcomeOf(input, outputs, filtered, notices)
  } catch (error) {
    const problem = node.problem?.()
    throw problem === undefined ? error : new OptionsError(spec.label, [problem])
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
