import { createRequire } from 'node:module'
import { join } from 'node:path'

type Stopping = (...args: unknown[]) => Promise<unknown>

/**
 * What Node-RED calls to deploy, to load anew or to stop. `load` and `loadFlows` are one function
 * under two names.
 */
const STOPS = ['setFlows', 'load', 'loadFlows', 'stopFlows', 'addFlow', 'updateFlow', 'removeFlow']

/** The two modules that hold them; Node-RED's own parts call them as members of these. */
const MODULES = /[\\/]@node-red[\\/]runtime[\\/]lib[\\/](flows|nodes)[\\/]index\.js$/

/**
 * Lets `prepare` run before flows are stopped, for whatever reason: a deploy, an admin request, the
 * end of the process.
 *
 * Node-RED has no event for this that waits. `flows:stopping` does not, and when nodes are told to
 * close no message finds its way any more, and those of others are closed already: what is in
 * flight could not come to its end. So the functions that stop flows are wrapped. Where they are
 * not found, as in a Node-RED built otherwise, nothing is waited for.
 *
 * @param prepare resolves when flows may be stopped, at the latest; undefined if that is now
 * @param over flows were stopped, or were not after all
 */
export function beforeFlowsStop(prepare: () => Promise<void> | undefined, over: () => void): void {
  for (const module of modulesOf(createRequire(join(process.cwd(), 'package.json')).cache)) {
    for (const name of STOPS) {
      const before = module[name]
      if (typeof before === 'function') module[name] = prepared(before as Stopping, prepare, over)
    }
  }
}

function modulesOf(cache: NodeJS.Dict<NodeJS.Module>): Record<string, unknown>[] {
  return Object.entries(cache).flatMap(([path, module]) =>
    module !== undefined && MODULES.test(path) ? [module.exports] : []
  )
}

function prepared(
  before: Stopping,
  prepare: () => Promise<void> | undefined,
  over: () => void
): Stopping {
  return async function (this: unknown, ...args: unknown[]) {
    const ready = prepare()
    try {
      if (ready !== undefined) await ready
      return await before.apply(this, args)
    } finally {
      over()
    }
  }
}
