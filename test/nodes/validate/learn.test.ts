import assert from 'node:assert/strict'
import type { Answers, Observed } from '../../../core/learn/learned.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { learn } from '../../../nodes/validate/learn.ts'
import { slicedValidator } from '../../../nodes/validate/logic.ts'
import { spec } from '../../../nodes/validate/spec.ts'

const READINGS = [
  { device_id: 'a', metric: 'temperature', value: 21, ts: 1708700000000, on: true },
  { device_id: 'b', metric: 'temperature', value: 22.5, ts: 1708700000500, on: false },
  { device_id: 'c', metric: 'humidity', value: 40, ts: 1708700001000, note: null },
  { device_id: 'd', metric: 'humidity', value: 41, ts: 1708700002000, tags: ['x'] }
]
const seen = (payload: unknown): Observed[] => [{ topic: '', payload }]

async function schemaOf(payload: unknown, answers: Answers = {}, values: object = {}) {
  const { findings } = await learn(seen(payload), values as Record<string, unknown>, answers)
  return { findings, settings: findings[0]!.settings as Record<string, string> }
}

/** What the node with the learned settings lets pass. */
async function passes(settings: object, payload: readonly unknown[]): Promise<number> {
  const validate = slicedValidator(parseOptions(spec, { ...settings }), () => undefined)
  const [valid] = await validate({ payload })
  return valid!.length
}

describe('validate learns a schema', () => {
  it('with types and what is always there; whole numbers stay numbers', async () => {
    const { settings, findings } = await schemaOf(READINGS)
    assert.deepEqual(JSON.parse(settings.schema!), {
      type: 'object',
      properties: {
        device_id: { type: 'string', minLength: 1 },
        metric: { type: 'string' },
        value: { type: 'number' },
        ts: { type: 'number' },
        on: { type: 'boolean' },
        note: { type: 'null' },
        tags: { type: 'array', items: { type: 'string' } }
      },
      required: ['device_id', 'metric', 'value', 'ts']
    })
    assert.match(findings[0]!.says, /7 fields, 4 of them always there/)
    assert.equal(findings[0]!.evidence, '4 of 4 records')
  })

  it('strictly: with ranges, words and no further fields, but no range of the time', async () => {
    const { settings } = await schemaOf(READINGS, { strictness: 'strict' })
    const schema = JSON.parse(settings.schema!)
    assert.equal(schema.additionalProperties, false)
    assert.deepEqual(schema.properties.value, { type: 'number', minimum: 0, maximum: 90 })
    assert.deepEqual(schema.properties.metric.enum, ['humidity', 'temperature'])
    assert.equal(schema.properties.device_id.enum, undefined)
    assert.deepEqual(schema.properties.ts, { type: 'number' })
  })

  it('for each value of a field, where the dialog says so', async () => {
    const { settings } = await schemaOf(READINGS, {}, { choose: 'field', field: 'metric' })
    assert.deepEqual(Object.keys(JSON.parse(settings.schemas!)), ['temperature', 'humidity'])
  })

  it('that takes what it was learned from, nested, odd names and all', async () => {
    const odd = [
      { 'PM2.5': 3, a: { b: [1, 2], 'c d': { e: 'x' } }, x__proto__: 1 },
      { 'PM2.5': -3.5, a: { b: [], 'c d': {} } }
    ]
    for (const records of [READINGS, odd]) {
      for (const strictness of ['loose', 'strict']) {
        const { settings } = await schemaOf(records, { strictness })
        assert.equal(await passes(settings, records), records.length, strictness)
      }
    }
  })

  it('nothing from nothing', async () => {
    const nothing = await learn(seen(['text', 5, null]), {}, {})
    assert.deepEqual(nothing, { findings: [], questions: [] })
  })
})
