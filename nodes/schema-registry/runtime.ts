import { defineNode } from '../../core/node/define-node.ts'
import type { Asked } from '../../core/node/probe.ts'
import type { Options } from '../../core/node/spec.ts'
import { RegistryClient } from '../../core/registry/registry-client.ts'
import { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** Below the deadline of a dialog, so that the answer can say which registry it was. */
const ANSWER_MS = 8_000

/** For the dialog: with its unsaved values, and connections that are closed at the end. */
async function describe(options: Options<typeof spec>, { signal, tls }: Asked): Promise<string> {
  const client = new RegistryClient({ ...settingsOf(options, tls), timeoutMs: ANSWER_MS })
  try {
    const { length } = await client.subjects(signal)
    return `The registry answers. It has ${length} subject${length === 1 ? '' : 's'}.`
  } finally {
    client.close()
  }
}

export default defineNode(
  spec,
  ({ options, RED }) => {
    const registry = new SchemaRegistry(settingsOf(options, tlsOptionsOf(RED, options.tls)))
    return { provides: registry, close: () => registry.close() }
  },
  { test: describe }
)
