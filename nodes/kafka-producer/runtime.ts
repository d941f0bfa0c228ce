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
    const cluster = context.provided<KafkaCluster>('cluster')
    const { compressions } = cluster.settings
    if (compressions !== undefined && !compressions.includes(context.options.compression)) {
      const { label, choices } = spec.fields.compression
      const words = compressions.map(name => choices[name]).join(' or ')
      throw new OptionsError(spec.label, [`${label}: this Kafka takes ${words} only`])
    }
    return new TopicSink(context, cluster, port)
  },
  { service: 'the Kafka cluster', drainMs: 5_000 }
)
