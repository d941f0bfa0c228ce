import { defineNode } from '@millrace/node-red-telemetry'
import { endpointAt, giveBack } from '../../core/endpoints.ts'
import { heardAt, testedAt } from '../../core/probe.ts'
import { reachOf } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(
  spec,
  ({ options }) => {
    const endpoint = endpointAt(options)
    return {
      provides: endpoint,
      close: closing => giveBack(endpoint, closing !== 'deleted')
    }
  },
  {
    test: async options => `${await testedAt(options)} ${reachOf(options)}`,
    'millrace-coap-endpoint:messages': (options, { signal }) => heardAt(options, signal)
  }
)
