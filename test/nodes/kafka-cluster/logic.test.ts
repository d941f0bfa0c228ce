import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { settingsOf } from '../../../nodes/kafka-cluster/logic.ts'
import { spec } from '../../../nodes/kafka-cluster/spec.ts'

const optionsOf = (raw: Record<string, unknown>) => parseOptions(spec, raw)

describe('kafka-cluster', () => {
  it('reaches the Kafka of npm start with nothing set', () => {
    assert.deepEqual(settingsOf(optionsOf({}), undefined), {
      brokers: ['127.0.0.1:19092'],
      clientId: 'millrace'
    })
  })

  it('logs in', () => {
    const { sasl } = settingsOf(
      optionsOf({ sasl: 'scram-sha-512', username: 'u', password: 'p' }),
      undefined
    )
    assert.deepEqual(sasl, { mechanism: 'scram-sha-512', username: 'u', password: 'p' })
  })

  it('tells all that is wrong at once', () => {
    const problemsOf = (work: () => unknown) => {
      try {
        work()
        return []
      } catch (error) {
        return error instanceof OptionsError ? error.problems : assert.fail(String(error))
      }
    }
    // what a field can tell by itself, form and start ask the same; the rest is found at the start
    assert.equal(problemsOf(() => optionsOf({ brokers: 'http://x', clientId: '' })).length, 2)
    const options = optionsOf({ tls: 'gone', sasl: 'plain', username: 'u' })
    assert.equal(problemsOf(() => settingsOf(options, undefined)).length, 2)
  })

  it('takes environment variables', () => {
    const options = parseOptions(spec, { brokers: '${KAFKA}' }, name =>
      name === 'KAFKA' ? 'a:1,b:2' : undefined
    )
    assert.deepEqual(settingsOf(options, undefined).brokers, ['a:1', 'b:2'])
  })
})
