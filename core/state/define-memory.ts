import { join } from 'node:path'
import type { NodeAPI } from 'node-red'
import { pause, retrying } from '../backoff.ts'
import { deploymentsOf } from '../deployments.ts'
import { reasonOf } from '../errors.ts'
import { type Behaviour, type Closing, type Context, defineNode } from '../node/define-node.ts'
import { previewOf, type Sort, startTransform, type Transform } from '../node/define-transform.ts'
import type { Migrations } from '../node/migrate.ts'
import { type PreviewExtras, previewRoute } from '../node/preview.ts'
import { dialogRoute } from '../node/probe/route.ts'
import { showRate } from '../node/show-rate.ts'
import type { NodeSpec } from '../node/spec.ts'
import type { MakeMemory } from './counted-engine.ts'
import { openLevelStore, removeStore } from './level-store.ts'
import { MemoryNode } from './memory-node.ts'
import { memoryPreview } from './memory-preview.ts'
import { PausedStores } from './paused-stores.ts'
import { freeTopic, takeTopic } from './state-topic.ts'

export interface MemoryExtras<S extends NodeSpec> extends PreviewExtras {
  readonly migrations?: Migrations
  /** What it is where `make` gives undefined: then nothing need be remembered, and no store is. */
  readonly otherwise?: (context: Context<S>) => Sort | Transform
}

/**
 * A node that remembers: what it is given is counted once, acknowledged after it is kept, and
 * answered the same when it comes again; see docs/delivery.md. It owns counts, status, preview,
 * store and end. A room has only its memory.
 */
export function defineMemory<S extends NodeSpec, State>(
  spec: S,
  make: MakeMemory<S, State>,
  { migrations, otherwise, ...dialog }: MemoryExtras<S> = {}
): (RED: NodeAPI) => void {
  let paused: PausedStores | undefined
  const forgetful = otherwise && startTransform(spec, otherwise)
  const start = (context: Context<S>): Behaviour => {
    const { node, options, metrics, status, tracker } = context
    const remembering = make(options, notice => node.warn(notice))
    if (remembering === undefined) {
      // What it remembered by other settings would be of another time when they come back.
      void removeStore(storeFolder(context)).catch(() => {})
      return forgetful!(context)
    }
    const openStore = takeTopic(context)
    const remembers = new MemoryNode<S, State>(context, spec, remembering, openStore)
    const stop = new AbortController()
    const folder = storeFolder(context)
    // What it remembered here before is not gone on with later.
    const opened =
      openStore === undefined
        ? open(remembers, folder, stop.signal)
        : removeStore(folder).catch(() => {})
    const watches = [
      showRate(
        status,
        metrics,
        () => remembers.problem,
        () => remembers.note
      ),
      tracker.whenLaneDropped(remembers.drop.bind(remembers)),
      tracker.whenEnded(remembers.ended.bind(remembers)),
      tracker.whenLanesAssigned(context.id, remembers.assign.bind(remembers))
    ]
    paused?.forget(folder)
    forgetting(context.RED).set(context.id, () => remembers.forget())
    return {
      accept: remembers.accept.bind(remembers),
      async close(closing: Closing) {
        forgetting(context.RED).delete(context.id)
        stop.abort()
        for (const end of watches) end()
        await opened
        await remembers.close()
        freeTopic(context)
        if (closing === 'deleted') await removeStore(folder)
        else if (closing === 'paused') paused?.add(folder, context.place)
      }
    }
  }
  const define = defineNode(spec, start, undefined, migrations)
  return RED => {
    const other = otherwise && previewOf(RED, spec, otherwise)
    previewRoute(RED, spec, memoryPreview(spec, make, other), dialog)
    forgetRoute(RED)
    paused = new PausedStores(stateFolder(RED), spec.type, deploymentsOf(RED))
    define(RED)
  }
}

/** Where what a node remembers is kept. */
export function storeFolder({ id, RED }: { readonly id: string; readonly RED: NodeAPI }): string {
  return join(stateFolder(RED), encodeURIComponent(id))
}

function stateFolder(RED: NodeAPI): string {
  const { userDir = process.cwd() } = RED.settings as { userDir?: string }
  return join(userDir, 'millrace', 'state')
}

/** Tries until the store can be opened: nothing may be acknowledged without it. */
async function open(
  remembers: Pick<MemoryNode<NodeSpec, unknown>, 'open' | 'tellTrouble'>,
  folder: string,
  signal: AbortSignal
): Promise<void> {
  try {
    await retrying(async () => remembers.open(await openLevelStore(folder)), {
      signal,
      backoff: { maxMs: 5_000 },
      onRetry: error => remembers.tellTrouble(error)
    })
    remembers.tellTrouble(undefined)
  } catch (error) {
    remembers.tellTrouble(error)
  }
}

/** So long a dialog waits to hear that it is kept. */
const FORGET_MS = 10_000
const FORGET_LATE = 'That cannot be kept now: see the status of the node, then try again.'

/** Undefined when it is forgotten, else why it is not. */
const troubleOf = (forgotten: Promise<void>): Promise<string | undefined> =>
  Promise.race([
    forgotten.then(() => undefined, reasonOf),
    pause(FORGET_MS, { unref: true }).then(() => FORGET_LATE)
  ])

type Forgetting = Map<string, () => Promise<void>>
const forgettingOf = new WeakMap<object, Forgetting>()
const withRoute = new WeakSet<object>()

/** What the nodes of a runtime do to forget, by their ids. */
function forgetting(RED: NodeAPI): Forgetting {
  const known = forgettingOf.get(RED.events) ?? new Map<string, () => Promise<void>>()
  forgettingOf.set(RED.events, known)
  return known
}

/**
 * `POST /millrace/forget` with `{ id }`: the node forgets what it remembers. As guarded as what a
 * dialog asks.
 */
function forgetRoute(RED: NodeAPI): void {
  const app = RED.httpAdmin as NodeAPI['httpAdmin'] | undefined
  if (!app || withRoute.has(app)) return
  withRoute.add(app)
  dialogRoute(RED, '/millrace/forget', 'Try again in a few seconds.', async body => {
    const { id } = (body ?? {}) as { id?: unknown }
    const forget = forgetting(RED).get(String(id))
    if (forget === undefined)
      return { ok: false, message: 'The node does not run: deploy it first.' }
    const trouble = await troubleOf(forget())
    const message = trouble ?? 'Everything that the node remembered is forgotten.'
    return { ok: trouble === undefined, message }
  })
}
