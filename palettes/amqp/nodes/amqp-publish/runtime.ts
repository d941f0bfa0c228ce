import { defineSink, OptionsError } from '@millrace/node-red-telemetry'
import type { AmqpServer } from '../../core/server.ts'
import { AmqpSink } from './amqp-sink.ts'
import { problemsBetween } from './check.ts'
import { spec } from './spec.ts'

export default defineSink(
  spec,
  ({ id, options, provided }, port) => {
    const problems = problemsBetween(options)
    if (problems.length > 0) throw OptionsError.between(spec, problems)
    return new AmqpSink({ server: provided<AmqpServer>('server'), nodeId: id, options, port })
  },
  { service: 'the AMQP server', drainMs: 5_000 }
)
