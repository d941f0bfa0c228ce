import type { NodeAPI } from 'node-red'
import type { Closing, Context } from '../../core/node/define-node.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { startTransform } from '../../core/node/define-transform.ts'
import { previewRoute } from '../../core/node/preview.ts'
import { dialogRoute } from '../../core/node/probe/route.ts'
import { OptionsError } from '../../core/options-error.ts'
import { parseTableName } from '../../core/postgres/identifier.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { answered } from './admin.ts'
import { type DeviceReader, type DeviceServer, httpAnswersOf } from './http.ts'
import { previewed } from './preview.ts'
import { Registry } from './registry.ts'
import { tablesOf } from './schema.ts'
import { checkTogether } from './settings.ts'
import { spec } from './spec.ts'

/** The registries that run, by the ids of their nodes. */
const running = new WeakMap<object, Map<string, Registry>>()

function registriesOf({ events }: NodeAPI): Map<string, Registry> {
  const known = running.get(events) ?? new Map<string, Registry>()
  running.set(events, known)
  return known
}

function open(context: Context<typeof spec>): Registry {
  const { options } = context
  checkTogether(options)
  const table = parseTableName(options.table)
  if (table === undefined)
    throw OptionsError.between(spec, [['table', `"${options.table}" is not the name of a table`]])
  return new Registry(context, context.provided<Database>('database'), tablesOf(table))
}

const readerOf = (registry: Registry, { options }: Context<typeof spec>): DeviceReader => ({
  path: options.httpPath,
  token: options.token,
  store: registry.store,
  lastValues: parseTableName(options.lastValues)?.sql
})

const BUSY = 'Other dialogs are being answered at the moment. Try again in a few seconds.'

const define = defineNode(spec, context => {
  let registry: Registry | undefined
  const made = startTransform(spec, each => {
    registry = open(each)
    return registry
  })(context)
  const { RED, id, options } = context
  registriesOf(RED).set(id, registry!)
  const answers = httpAnswersOf(RED as unknown as DeviceServer)
  if (options.answers === 'token') answers.set(id, readerOf(registry!, context))
  return {
    ...made,
    async close(closing: Closing) {
      registriesOf(RED).delete(id)
      answers.delete(id)
      await made.close?.(closing)
      await registry?.end(closing)
    }
  }
})

export default (RED: NodeAPI): void => {
  previewRoute(RED, spec, previewed, { isAlone: true })
  dialogRoute(RED, '/millrace/devices', BUSY, body =>
    answered(id => registriesOf(RED).get(id), body)
  )
  define(RED)
}
