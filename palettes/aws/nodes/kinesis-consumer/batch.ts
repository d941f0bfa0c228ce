import type { Batch, Taken } from '@millrace/node-red-telemetry'

/** A record as Kinesis has it. */
export interface Arrival {
  readonly shard: string
  readonly sequence: string
  readonly key: string
  readonly data: Buffer
  /** When Kinesis got it, in milliseconds since 1970. */
  readonly arrivedMs: number
}

/** Records of one shard, in their order. What nobody asks for is not built. */
export class KinesisBatch implements Batch {
  constructor(
    readonly stream: string,
    readonly arrivals: readonly Arrival[],
    readonly bytes: number
  ) {}

  at(index: number): Taken {
    const { shard, sequence, key, data, arrivedMs } = this.arrivals[index]!
    return {
      origin: { kind: 'flow', topic: this.stream },
      key,
      headers: {
        'kinesis.shard': shard,
        'kinesis.sequence-number': sequence,
        'kinesis.arrived': new Date(arrivedMs).toISOString()
      },
      raw: data
    }
  }
}
