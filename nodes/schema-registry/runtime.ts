import { defineNode } from '../../core/node/define-node.ts'
import type { Asked } from '../../core/node/probe.ts'
import type { Options } from '../../core/node/spec.ts'
import { RegistryClient } from '../../core/registry/registry-client.ts'
import { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { aboutPasted } from './compatible.ts'
import { settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** Below the deadline of a dialog, so that the answer can say which registry it was. */
const ANSWER_MS = 8_000

/** With the unsaved values of a dialog. */
const asking =
  <T>(question: (client: RegistryClient, asked: Asked) => Promise<T>) =>
  async (options: Options<typeof spec>, asked: Asked): Promise<T> => {
    const settings = { ...settingsOf(options, asked.tls), timeoutMs: ANSWER_MS }
    const client = new RegistryClient(settings)
    try {
      return await question(client, asked)
    } finally {
      client.close()
    }
  }

/** A registry may have hundreds of thousands. */
const MOST_NAMES = 5_000

export default defineNode(
  spec,
  ({ options, RED }) => {
    const registry = new SchemaRegistry(settingsOf(options, tlsOptionsOf(RED, options.tls)))
    return { provides: registry, close: () => registry.close() }
  },
  {
    test: asking(async (client, { signal }) => {
      const { length } = await client.subjects(signal)
      return `The registry answers. It has ${length} subject${length === 1 ? '' : 's'}.`
    }),
    'millrace-schema-registry:names': asking(async (client, { signal }) =>
      (await client.subjects(signal)).sort().slice(0, MOST_NAMES)
    ),
    'millrace-schema-registry:sentence': asking((client, { signal, query }) =>
      aboutPasted(client, query, signal)
    )
  }
)
