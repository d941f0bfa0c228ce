import type { NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'millrace-coap-endpoint',
  label: 'coap endpoint',
  summary: 'Where this Node-RED takes CoAP requests: address and UDP port.',
  category: 'config',
  family: 'coap',
  inputs: 0,
  outputs: [],
  fields: {
    host: {
      kind: 'text',
      label: 'Address',
      default: '127.0.0.1',
      placeholder: '127.0.0.1',
      required: true,
      pattern: '[^\\s/?#@\\[\\]]+',
      patternHint: 'an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::',
      help: 'The address of this machine at which requests are taken. 127.0.0.1: from this machine only. 0.0.0.0 or :: for all networks that it is in; put DTLS in front where others can reach it.'
    },
    port: {
      kind: 'number',
      label: 'UDP port',
      default: 5683,
      min: 1,
      max: 65_535,
      integer: true,
      help: '5683 is that of CoAP. Nodes with other paths may share it.'
    }
  }
} as const satisfies NodeSpec
