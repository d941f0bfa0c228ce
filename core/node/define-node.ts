import type { Node, NodeAPI, NodeDef } from 'node-red'
import type { Learnt } from '../advice/learnt.ts'
import { trackerOf } from '../delivery/tracker.ts'
import type { Tracker } from '../delivery/types.ts'
import {
  type Closing,
  type Deployments,
  deploymentsOf,
  type FlowPlace,
  placeOf
} from '../deployments.ts'
import { reasonOf } from '../errors.ts'
import { keepHeapSmall } from '../heap.ts'
import { OptionsError } from '../options-error.ts'
import { countOf, type Message } from '../record/message.ts'
import { adminRoutes } from './admin.ts'
import { Advisor } from './advisor.ts'
import type { OperatorAnswer } from './answer.ts'
import { forgetMetrics, metricsFor, type NodeMetrics } from './metrics.ts'
import { type Migrations, migrated } from './migrate.ts'
import { type Probes, probeRoute } from './probe.ts'
import { QueueLimit } from './queue-limit.ts'
import { RefusedInput } from './refused-input.ts'
import { forgetSamples, type Samples, samplesFor } from './samples/samples.ts'
import { type NodeSpec, type Options, parseOptions } from './spec.ts'
import { isHealthy, Status, shortened } from './status.ts'
import { type Done, type Outputs, TransformQueue } from './transform-queue.ts'

export type { Closing, Done, Outputs }

/** What a node does once started. */
export interface Behaviour {
  /**
   * Makes the messages of the outputs from a message. Promises keep the order of the input:
   * `behind` gives what waits for this one. Throw to fail the message.
   */
  transform?(message: Message, behind: () => readonly Message[]): Outputs | Promise<Outputs>
  /** Takes a message over: the node calls `done` when it has dealt with it, maybe much later. */
  accept?(message: Message, done: Done): void
  /** Asks its server how it is, for doctor: read only, within seconds. */
  examine?(signal: AbortSignal): Promise<readonly OperatorAnswer[]>
  /** What configuration nodes give to the nodes that refer to them. */
  provides?: object
  /**
   * Must end within Node-RED's 15 s, even when the other side is dead. Only a node that is
   * `deleted` does not come again.
   */
  close?(closing: Closing): void | Promise<void>
}

export interface Context<S extends NodeSpec> {
  readonly id: string
  readonly node: Node
  /** Where it stands in the flow file. */
  readonly place: FlowPlace
  readonly RED: NodeAPI
  readonly options: Options<S>
  readonly metrics: NodeMetrics
  readonly status: Status
  readonly tracker: Tracker
  /** Sends on the outputs; for what does not answer an input. */
  send(outputs: Outputs): void
  /** Whether a wire leaves this output. */
  isWired(output: number): boolean
  /**
   * What the configuration node of this field provides. @throws OptionsError if it cannot be used
   */
  provided<T extends object>(field: keyof S['fields'] & string): T
  /**
   * The settings cannot be used after all, e.g. those of a library that was loaded first: said as
   * when the node is refused at its start. It takes part in nothing after that.
   */
  refuse(error: unknown): void
  /** What it has come to know that the checks at deploy ask for. */
  learnt(facts: Learnt): void
  /** Reports an operational error once, in the log and to Catch nodes. */
  report(error: unknown, message?: Message): void
}

export type Start<S extends NodeSpec> = (context: Context<S>) => Behaviour

const PROVIDED = Symbol.for('millrace.provided')
type Provider = Node & { [PROVIDED]?: object }

/** What the configuration node of this id provides, if it runs. */
export function providedBy<T extends object>(RED: NodeAPI, id: string): T | undefined {
  return (RED.nodes.getNode(id) as Provider | null)?.[PROVIDED] as T | undefined
}

/**
 * Turns a spec and what it does into the module that Node-RED loads.
 * @param probes answer the buttons of the dialog
 * @param migrations bring what an earlier version of the spec has saved to this one
 */
export function defineNode<S extends NodeSpec>(
  spec: S,
  start: Start<S>,
  probes?: Probes<S>,
  migrations: Migrations = {}
): (RED: NodeAPI) => void {
  const secrets = Object.entries(spec.fields).filter(([, field]) => field.kind === 'secret')
  const credentials = Object.fromEntries(
    secrets.map(([name]) => [name, { type: 'password' as const }])
  )
  return RED => {
    adminRoutes(RED)
    if (probes) probeRoute(RED, spec, probes)
    const deployments = deploymentsOf(RED)
    const paused = pausedNodes(deployments, spec.type)
    const advisors = new Set<Advisor>()
    deployments.onStarted(`${spec.type} advice`, () => {
      for (const advisor of advisors) advisor.look()
    })
    function construct(this: Node, config: NodeDef): void {
      RED.nodes.createNode(this, config)
      keepHeapSmall()
      paused.delete(this.id)
      run(this, config, spec, { start, migrations, paused, advisors }, RED)
    }
    RED.nodes.registerType(spec.type, construct, { credentials })
  }
}

/**
 * Disabled nodes by id, whose numbers are kept for when they come again. Those that are deleted
 * meanwhile are forgotten.
 */
function pausedNodes(deployments: Deployments, type: string): Map<string, FlowPlace> {
  const paused = new Map<string, FlowPlace>()
  deployments.onChange(`${type} paused`, () => {
    for (const [id, place] of paused) {
      if (!deployments.lacks(place)) continue
      paused.delete(id)
      forget(id)
    }
  })
  return paused
}

function forget(id: string): void {
  forgetMetrics(id)
  forgetSamples(id)
}

/** What is one for all nodes of a type. */
interface Definition<S extends NodeSpec> {
  readonly start: Start<S>
  readonly migrations: Migrations
  readonly paused: Map<string, FlowPlace>
  readonly advisors: Set<Advisor>
}

function statusOf(node: Node, metrics: NodeMetrics): Status {
  const logOnce = onceInARow(text => node.log(`Status: ${text}`))
  return new Status((shown, whole) => {
    metrics.status = { healthy: isHealthy(shown), text: whole }
    node.status(shown)
    if (whole !== shown.text && !isHealthy(shown)) logOnce(whole)
  })
}

function run<S extends NodeSpec>(
  node: Node,
  config: NodeDef,
  spec: S,
  { start, migrations, paused, advisors }: Definition<S>,
  RED: NodeAPI
): void {
  const metrics = metricsFor(node.id, spec.type, node.name ?? '')
  metrics.status = undefined
  metrics.findings = []
  const status = statusOf(node, metrics)
  const samples = samplesFor(node.id, spec.type)
  if (spec.inputs === 0) keepSent(node, samples)
  let behaviour: Behaviour | undefined
  let refused: RefusedInput | undefined
  let advisor: Advisor | undefined
  try {
    const saved = { ...config, ...(node.credentials as object | undefined) }
    const options = parseOptions(spec, migrated(spec, migrations, saved), name =>
      RED.util.evaluateNodeProperty(name, 'env', node, {})
    )
    const context = contextOf(node, RED, spec, options, metrics, status)
    advisor = new Advisor({ ...context, outputs: spec.outputs, deployments: deploymentsOf(RED) })
    const learnt = advisor.learn.bind(advisor)
    behaviour = start({ ...context, learnt })
    advisors.add(advisor)
    metrics.examine = behaviour.examine?.bind(behaviour)
    if (behaviour.provides) (node as Provider)[PROVIDED] = behaviour.provides
  } catch (error) {
    refused = refuse(node, metrics, error, RED)
  }
  const tracker = trackerOf(RED)
  const limit = new QueueLimit({
    tracker,
    metrics,
    warn: warning => node.warn(warning),
    service: 'this node'
  })
  if (spec.inputs === 1)
    listen(node, refused ?? behaviour ?? {}, { metrics, samples, tracker, limit })
  node.on('close', (_removed: boolean, done: () => void) => {
    const place = placeOf(node)
    const closing = deploymentsOf(RED).whyClosed(place)
    status.close()
    if (advisor) advisors.delete(advisor)
    metrics.examine = undefined
    if (closing === 'deleted') forget(node.id)
    else if (closing === 'paused') {
      paused.set(node.id, place)
      metrics.rest()
      // Node-RED leaves the last one in the editors that are open.
      node.status({})
    }
    limit.end()
    refused?.end()
    Promise.resolve(behaviour?.close?.(closing))
      .catch(error => node.warn(`while closing: ${reasonOf(error)}`))
      .finally(done)
  })
}

/** What the code of a node gets to work with. */
export function contextOf<S extends NodeSpec>(
  node: Node,
  RED: NodeAPI,
  spec: S,
  options: Options<S>,
  metrics: NodeMetrics,
  status: Status
): Context<S> {
  return {
    id: node.id,
    node,
    place: placeOf(node),
    RED,
    options,
    metrics,
    status,
    tracker: trackerOf(RED),
    send: outputs => node.send([...outputs] as Sent),
    isWired: output => ((node as Node & { wires?: string[][] }).wires?.[output]?.length ?? 0) > 0,
    provided<T extends object>(field: keyof S['fields'] & string): T {
      const id = (options as Record<string, unknown>)[field] as string
      const found = providedBy<T>(RED, id)
      if (!found)
        throw new OptionsError(spec.label, [
          `${spec.fields[field]!.label}: it is missing, disabled or has wrong settings`
        ])
      return found
    },
    refuse(error) {
      status.close()
      tellRefused(node, metrics, error)
    },
    learnt() {
      // Only a node that runs is advised.
    },
    report: (error, message) => node.error(reasonOf(error), message as Parameters<Node['error']>[1])
  }
}

/** Leaves out a text that differs from the one before in its numbers only. */
function onceInARow(log: (text: string) => void): (text: string) => void {
  let before = ''
  return text => {
    const words = text.replace(/\d+/g, '0')
    if (words !== before) log(text)
    before = words
  }
}

/**
 * Wrong settings: a red ring that names the first, one message that lists all problems, and no
 * start.
 */
function refuse(node: Node, metrics: NodeMetrics, error: unknown, RED: NodeAPI): RefusedInput {
  const problems = tellRefused(node, metrics, error)
  const tell = (failure: Error, message: Message, loud: boolean) => {
    if (loud) node.error(failure, message as Parameters<Node['error']>[1])
    else (node as WithFlow)._flow?.handleError(node, failure, message)
  }
  return new RefusedInput({ tracker: trackerOf(RED), metrics, why: problems.join('; '), tell })
}

/** Gives the problems. */
function tellRefused(node: Node, metrics: NodeMetrics, error: unknown): readonly string[] {
  const reason = reasonOf(error)
  const problems = error instanceof OptionsError ? error.problems : [reason]
  const text =
    problems.length > 1 ? `${problems[0]} (+${problems.length - 1})` : (problems[0] ?? reason)
  metrics.status = { healthy: false, text, refused: true }
  node.status({ fill: 'red', shape: 'ring', text: shortened(text) })
  node.error(reason)
  return problems
}

/**
 * Node-RED has no public way to give an error to the Catch nodes without a line in the log where
 * there are none.
 */
type WithFlow = Node & {
  readonly _flow?: { handleError(node: Node, error: Error, message: Message): boolean }
}

/** A source keeps what it sent, whichever way it sends: the first output that has something. */
function keepSent(node: Node, samples: Samples): void {
  const send = node.send.bind(node)
  node.send = given => {
    const message: unknown = Array.isArray(given) ? given.flat().find(Boolean) : given
    if (message) samples.see(message as Message)
    send(given as Parameters<Node['send']>[0])
  }
}

/** As Node-RED gives it to who listens. */
type Send = (messages: Sent) => void
type Sent = Exclude<Parameters<Node['send']>[0], undefined>

interface Listening {
  readonly metrics: NodeMetrics
  readonly samples: Samples
  readonly tracker: Tracker
  readonly limit: QueueLimit
}

function listen(
  node: Node,
  behaviour: Behaviour | RefusedInput,
  { metrics, samples, tracker, limit }: Listening
): void {
  const onMessage = (take: (message: Message, send: Send, done: Done) => void) => {
    node.on('input', (message, send, done) => {
      samples.see(message as Message)
      take(message as Message, send, done)
    })
  }
  if (behaviour instanceof RefusedInput)
    onMessage((message, _send, done) => behaviour.take(message, done))
  else if (behaviour.accept) {
    const accept = behaviour.accept.bind(behaviour)
    onMessage((message, _send, done) => {
      metrics.in += countOf(message.payload)
      accept(message, done)
    })
  } else if (behaviour.transform) {
    const queue = new TransformQueue(behaviour.transform.bind(behaviour), tracker, metrics, limit)
    onMessage((message, send, done) => {
      queue.add({ message, send: outputs => send([...outputs] as Sent), done })
    })
  }
}
