import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { hasZstd } from '../../core/kafka/compression.ts'
import { OptionsError } from '../../core/options-error.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import { spec } from './spec.ts'
import { TopicSink } from './topic-sink.ts'

export default defineSink(
  spec,
  (context, port) => {
    if (context.options.compression === 'zstd' && !hasZstd()) {
      const { label } = spec.fields.compression
      throw new OptionsError(spec.label, [
        `${label}: zstd needs Node 22.15 or newer, this is ${process.version}`
      ])
    }
    return new TopicSink(context, context.provided<KafkaCluster>('cluster'), port)
  },
  { service: 'the Kafka cluster', drainMs: 5_000 }
)
