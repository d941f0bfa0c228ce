import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { settingsOf } from '../../../nodes/kafka-cluster/logic.ts'
import { spec } from '../../../nodes/kafka-cluster/spec.ts'

const optionsOf = (raw: Record<string, unknown>) => parseOptions(spec, raw)

describe('kafka-cluster', () => {
  it('reaches the Kafka of npm start with nothing set', () => {
    assert.deepEqual(settingsOf(optionsOf({}), undefined), { brokers: ['127.0.0.1:19092'], clientId: 'millrace' })
  })

  it('logs in', () => {
    const { sasl } = settingsOf(optionsOf({ sasl: 'scram-sha-512', username: 'u', password: 'p' }), undefined)
    assert.deepEqual(sasl, { mechanism: 'scram-sha-512', username: 'u', password: 'p' })
  })

  it('tells all that is wrong at once', () => {
    const options = optionsOf({ brokers: 'http://x', tls: 'gone', sasl: 'plain', username: 'u' })
    assert.throws(
      () => settingsOf(options, undefined),
      (error: unknown) => error instanceof OptionsError && error.problems.length === 3
    )
  })

  it('takes environment variables', () => {
    const options = parseOptions(spec, { brokers: '${KAFKA}' }, name => (name === 'KAFKA' ? 'a:1,b:2' : undefined))
    assert.deepEqual(settingsOf(options, undefined).brokers, ['a:1', 'b:2'])
  })
})
