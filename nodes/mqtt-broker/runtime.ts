import { describeServer } from '../../core/mqtt/describe-server.ts'
import { listen } from '../../core/mqtt/listen.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { examined } from './examine.ts'
import { brokerOf } from './logic.ts'
import { spec } from './spec.ts'

/** More at a time than a dialog keeps. */
const RECEIVE_MAXIMUM = 100

export default defineNode(
  spec,
  ({ options, RED }) => {
    const broker = brokerOf(options, tlsOptionsOf(RED, options.tls))
    return { provides: broker, examine: async signal => [await examined(broker, signal)] }
  },
  {
    test: (options, { signal, tls }) => {
      const broker = brokerOf(options, tls)
      return describeServer(
        broker.settingsFor({ nodeId: 'test', keepSession: false, receiveMaximum: 1 }),
        signal
      )
    },
    'mqtt-messages': async (options, { signal, tls, query: { topic = '', filter = '' } }) => {
      const broker = brokerOf(options, tls)
      const settings = broker.settingsFor({
        nodeId: 'listen',
        keepSession: false,
        receiveMaximum: RECEIVE_MAXIMUM
      })
      const heard = await listen(settings, [filter || compileTopicTemplate(topic).filter], signal)
      return heard.map(message => ({
        seenMs: Date.now(),
        topic: message.topic,
        bytes: message.payload.toString('base64')
      }))
    }
  }
)
