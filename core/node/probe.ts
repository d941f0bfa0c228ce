import type { NodeAPI } from 'node-red'
import { MillraceError, reasonOf } from '../errors.ts'
import type { TlsOptions } from '../tls.ts'
import { withDeadline } from './probe/deadline.ts'
import { Environment } from './probe/environment.ts'
import { type ProbeRequest, requestOf } from './probe/request.ts'
import { dialogRoute } from './probe/route.ts'
import { nodesOf, type SavedNodes } from './probe/saved.ts'
import { tlsOf } from './probe/unsaved-tls.ts'
import { settled } from './probe/values.ts'
import type { Written } from './samples/written.ts'
import {
  type Listening,
  type Naming,
  type NodeSpec,
  type Options,
  parseOptions,
  type Saying,
  type Stating
} from './spec.ts'

/** What a probe gets beside the options of the dialog. */
export interface Asked {
  /**
   * Aborts when the answer has been given, or is too late: whatever is still open then must be
   * closed.
   */
  readonly signal: AbortSignal
  /**
   * What the TLS configuration chosen in the dialog gives, deployed or not; undefined where there
   * is none.
   */
  readonly tls: TlsOptions | undefined
  /** Further texts of the dialog, such as the table whose columns are wanted. */
  readonly query: Readonly<Record<string, string>>
}

/**
 * What a dialog may ask of the other side of a configuration node, with settings that are not saved
 * yet. `test` answers with a sentence ("Connected to 3 brokers, Kafka 4.3"); a pick with a list of
 * names; a state with lines of what and how. Each must give up when `signal` aborts, and reject
 * with an error whose message a person can act on.
 */
export type Probes<S extends NodeSpec> = {
  readonly test?: (options: Options<S>, asked: Asked) => Promise<string>
} & {
  /** What comes in a few seconds, or has come last, as bytes. */
  readonly [P in Listening]?: (options: Options<S>, asked: Asked) => Promise<Heard[]>
} & {
  readonly [P in Naming]?: (options: Options<S>, asked: Asked) => Promise<string[]>
} & {
  readonly [P in Stating]?: (options: Options<S>, asked: Asked) => Promise<StateLine[]>
} & {
  readonly [P in Saying]?: (options: Options<S>, asked: Asked) => Promise<string>
}

/** What it is, and how it stands. */
export type StateLine = readonly [what: string, how: string]

const isSaying = (action: string): action is Saying => action.endsWith(':sentence')
const isListening = (action: string): action is Listening => /[-:]messages$/.test(action)
const isStating = (action: string): action is Stating => /.:state$/.test(action)

/** A message that a dialog listened for. */
export interface Heard {
  readonly seenMs: number
  readonly topic: string
  /** Base64. */
  readonly bytes: string
  /** Where it came from, as samples of nodes have it: origin, key and headers in a list of one. */
  readonly taken?: Written
}

const BUSY = 'Other connections are being tested at the moment. Try again in a few seconds.'
const DEADLINE_MS = 10_000
/** An answer is a sentence, also where it cites what was sent. */
const MAX_ANSWER = 1000

/**
 * `POST /millrace/probe/<type>` with `{ action, id, values, query, tls }` answers `{ ok, message }`
 * `{ ok, items }` or `{ ok, state }`. docs/security.md says who may ask, and what a saved secret is
 * used for.
 */
export function probeRoute<S extends NodeSpec>(RED: NodeAPI, spec: S, probes: Probes<S>): void {
  dialogRoute(RED, `/millrace/probe/${spec.type}`, BUSY, body => answer(RED, spec, probes, body))
}

/** Never rejects: what goes wrong is a sentence in the answer. */
async function answer<S extends NodeSpec>(
  RED: NodeAPI,
  spec: S,
  probes: Probes<S>,
  body: unknown
): Promise<object> {
  const environment = new Environment()
  try {
    const result = await run(spec, probes, requestOf(body), nodesOf(RED), environment)
    return {
      ok: true,
      ...('message' in result ? { message: shown(result.message, environment) } : result)
    }
  } catch (error) {
    return { ok: false, message: shown(reasonOf(error), environment) }
  }
}

function shown(text: string, environment: Environment): string {
  const hidden = environment.hide(text.slice(0, 10 * MAX_ANSWER))
  return hidden.length > MAX_ANSWER ? `${hidden.slice(0, MAX_ANSWER)}…` : hidden
}

const linesShown = (lines: readonly StateLine[], environment: Environment): StateLine[] =>
  lines.map(([what, how]) => [shown(what, environment), shown(how, environment)])

type Result =
  | { readonly message: string }
  | { readonly items: readonly string[] }
  | { readonly heard: readonly Heard[] }
  | { readonly state: readonly StateLine[] }

async function run<S extends NodeSpec>(
  spec: S,
  probes: Probes<S>,
  request: ProbeRequest,
  nodes: SavedNodes,
  environment: Environment
): Promise<Result> {
  const { action, query } = request
  const isKnown = Object.hasOwn(probes, action)
  if (!isKnown)
    throw new MillraceError(
      'OPTIONS_INVALID',
      `A ${spec.label} cannot be asked for "${action.slice(0, 40)}".`
    )
  const saved = nodes.find(request.id, spec.type)
  const tls = await tlsOf(nodes, spec, request)
  const values = settled(spec, request.values, saved, tls.isDeployed)
  const options = parseOptions(
    spec,
    values,
    environment.reader(name => nodes.environment(request.id, name))
  )
  return withDeadline(DEADLINE_MS, async signal => {
    const asked: Asked = { signal, tls: tls.options, query }
    if (action === 'test') return { message: await probes.test!(options, asked) }
    if (isStating(action))
      return { state: linesShown(await probes[action]!(options, asked), environment) }
    if (isSaying(action)) return { message: await probes[action]!(options, asked) }
    if (isListening(action)) return { heard: await probes[action]!(options, asked) }
    return { items: await probes[action as Naming]!(options, asked) }
  })
}
