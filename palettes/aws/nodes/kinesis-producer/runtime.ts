import { defineSink } from '@millrace/node-red-telemetry'
import type { AwsAccess } from '../../core/access.ts'
import { KinesisSink } from './kinesis-sink.ts'
import { spec } from './spec.ts'

export default defineSink(
  spec,
  ({ options, provided }, port) =>
    new KinesisSink({ access: provided<AwsAccess>('access'), options, port }),
  { service: 'Kinesis', drainMs: 5_000 }
)
