import assert from 'node:assert/strict'
import { traceOf } from '../../../core/record/trace.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('the trace that a record is part of', () => {
  for (const [name, headers, then] of [
    ['none', {}, undefined],
    ['bytes, as Kafka has them', { traceparent: Buffer.from(PARENT) }, { traceparent: PARENT }],
    [
      'text with a state, as MQTT has them',
      { traceparent: PARENT, tracestate: 'a=1,b=2' },
      { traceparent: PARENT, tracestate: 'a=1,b=2' }
    ],
    ['the last of several', { traceparent: ['rubbish', PARENT] }, { traceparent: PARENT }],
    ['no trace', { traceparent: 'no trace' }, undefined],
    ['upper case', { traceparent: PARENT.toUpperCase() }, undefined],
    ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, undefined],
    ['version ff', { traceparent: `ff${PARENT.slice(2)}` }, undefined],
    ['a line break', { traceparent: `${PARENT}\n` }, undefined],
    [
      'a state that is too long',
      { traceparent: PARENT, tracestate: 'a'.repeat(513) },
      { traceparent: PARENT }
    ],
    ['a state alone', { tracestate: 'a=1' }, undefined]
  ] as const)
    it(`${name}`, () => assert.deepEqual(traceOf(headers as Parameters<typeof traceOf>[0]), then))
})
