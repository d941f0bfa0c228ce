import type { NodeAPI } from 'node-red'
import { MillraceError, reasonOf } from '../errors.ts'
import { type NodeSpec, type Options, type Pick, parseOptions } from './spec.ts'

/**
 * What a dialog may ask of the other side of a configuration node, with settings that are not saved yet.
 * `test` answers with a sentence ("Connected to 3 brokers, Kafka 4.3"); a pick with a list of names. Each must give up
 * when `signal` aborts, and reject with an error whose message a person can act on.
 */
export type Probes<S extends NodeSpec> = {
  readonly test?: (options: Options<S>, signal: AbortSignal, RED: NodeAPI) => Promise<string>
} & {
  readonly [P in Pick]?: (
    options: Options<S>,
    signal: AbortSignal,
    query: Readonly<Record<string, string>>,
    RED: NodeAPI
  ) => Promise<string[]>
}

const DEADLINE_MS = 10_000
/** What Node-RED's editor shows in place of a saved secret. */
const UNCHANGED_SECRET = '__PWRD__'

interface ProbeRequest {
  action?: unknown
  id?: unknown
  values?: unknown
  query?: unknown
}

/**
 * `POST /millrace/probe/<type>` with `{ action, id, values, query }` answers `{ ok, message }` or `{ ok, items }`. Secrets that the
 * form has not changed are taken from the node's saved credentials.
 */
export function probeRoute<S extends NodeSpec>(RED: NodeAPI, spec: S, probes: Probes<S>): void {
  const app = RED.httpAdmin as NodeAPI['httpAdmin'] | undefined
  if (!app) return
  app.post(`/millrace/probe/${spec.type}`, RED.auth.needsPermission('millrace.write'), async (request, response) => {
    try {
      response.json({ ok: true, ...(await run(RED, spec, probes, (request.body ?? {}) as ProbeRequest)) })
    } catch (error) {
      response.json({ ok: false, message: reasonOf(error) })
    }
  })
}

async function run<S extends NodeSpec>(RED: NodeAPI, spec: S, probes: Probes<S>, request: ProbeRequest): Promise<object> {
  const options = parseOptions(spec, valuesOf(RED, spec, request), name => RED.util.evaluateNodeProperty(name, 'env', anyNode, {}))
  const action = String(request.action)
  if (action === 'test' && probes.test) return { message: await withDeadline(signal => probes.test!(options, signal, RED)) }
  const pick = Object.hasOwn(probes, action) && action !== 'test' ? probes[action as Pick] : undefined
  if (!pick) throw new MillraceError('OPTIONS_INVALID', `A ${spec.label} cannot be asked for "${action}".`)
  const query = (typeof request.query === 'object' && request.query !== null ? request.query : {}) as Record<string, string>
  return { items: await withDeadline(signal => pick(options, signal, query, RED)) }
}

/** Environment variables of the process are found without a node of the flow. */
const anyNode = { id: '', type: '', _flow: undefined } as unknown as Parameters<NodeAPI['util']['evaluateNodeProperty']>[2]

function valuesOf(RED: NodeAPI, spec: NodeSpec, { id, values }: ProbeRequest): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...(typeof values === 'object' && values !== null ? values : {}) }
  const saved = typeof id === 'string' ? (RED.nodes.getCredentials(id) as Record<string, unknown> | undefined) : undefined
  for (const [name, field] of Object.entries(spec.fields)) {
    if (field.kind === 'secret' && (merged[name] === UNCHANGED_SECRET || merged[name] === undefined)) merged[name] = saved?.[name] ?? ''
  }
  return merged
}

async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const late = new Promise<never>((_resolve, refuse) => {
    const giveUp = () =>
      refuse(new Error(`There was no answer within ${DEADLINE_MS / 1000} seconds. Check the address and whether a firewall is between.`))
    signal.addEventListener('abort', giveUp, { once: true })
  })
  return Promise.race([work(signal), late])
}
