import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { spec as consumer } from '../../../palettes/aws/nodes/kinesis-consumer/spec.ts'
import { spec as producer } from '../../../palettes/aws/nodes/kinesis-producer/spec.ts'

describe('the name of a stream', () => {
  for (const spec of [consumer, producer]) {
    const parse = (stream: string) => parseOptions(spec, { access: 'some', stream })

    it(`is one that Kinesis can have: ${spec.label}`, () => {
      const arn = 'arn:aws-cn:kinesis:cn-north-1:123456789012:stream/plant-1.readings'
      for (const stream of ['readings', 'Plant_1.readings-2', 'x'.repeat(128), arn])
        assert.equal(parse(stream).stream, stream)
      for (const stream of [
        'my readings',
        'plant/readings',
        'x'.repeat(129),
        'arn:aws:kinesis:eu-central-1:stream/readings',
        'arn:aws:dynamodb:eu-central-1:123456789012:table/readings'
      ])
        assert.throws(() => parse(stream), /at most 128 letters.*or an ARN such as/, stream)
    })
  }
})
