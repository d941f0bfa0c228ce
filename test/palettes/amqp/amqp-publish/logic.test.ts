import assert from 'node:assert/strict'
import { parseOptions } from '../../../../core/node/spec.ts'
import { Unpublishable } from '../../../../core/record/payload.ts'
import { reject } from '../../../../core/record/record.ts'
import { problemsBetween } from '../../../../palettes/amqp/nodes/amqp-publish/check.ts'
import { Composer, type Outgoing } from '../../../../palettes/amqp/nodes/amqp-publish/logic.ts'
import { spec } from '../../../../palettes/amqp/nodes/amqp-publish/spec.ts'

const composer = (options: object) =>
  new Composer(parseOptions(spec, { server: 'some', ...options } as Record<string, unknown>))
const record = { device_id: 'd1', metric: 'temperature_c', value: 21.5 }

describe('amqp-publish', () => {
  it('makes a message with address, body and what stands beside it', () => {
    const made = composer({
      address: 'plant/{device_id}',
      subject: '{metric}',
      messageId: '{device_id}/{ts}',
      ttlS: 60,
      properties: [
        { name: 'device', value: '{device_id}' },
        { name: 'unit', value: '{unit}' }
      ]
    }).message(record) as Outgoing
    assert.equal(made.address, 'plant/d1')
    assert.deepEqual(JSON.parse(String(made.body)), record)
    assert.deepEqual(made.beside, {
      durable: true,
      ttl: 60_000,
      content_type: 'application/json',
      subject: 'temperature_c',
      application_properties: { device: 'd1' }
    })
  })

  for (const [what, options, item, code] of [
    ['a field of the address that is missing', { address: '{site}' }, record, 'FIELD_MISSING'],
    ['an address that is empty', { address: '{site}' }, { site: '' }, 'TOPIC_FIELD_INVALID'],
    ['nothing', {}, null, 'NOT_A_RECORD'],
    [
      'a field of the body that is missing',
      { content: 'field', field: 'raw' },
      record,
      'FIELD_MISSING'
    ]
  ] as const) {
    it(`refuses ${what}`, () => {
      const made = composer(options).message(item)
      assert.ok(made instanceof Unpublishable)
      assert.equal(made.reason.code, code)
    })
  }

  it('tells that a message can have a property only once', () => {
    const properties = ['a', 'b', 'a'].map(name => ({ name, value: '{value}' }))
    assert.deepEqual(problemsBetween({ properties }), [
      ['properties', 'row 3: there is a property "a" already']
    ])
    assert.deepEqual(problemsBetween({ properties: properties.slice(0, 2) }), [])
  })

  it('publishes a rejection with its bytes and its reason', () => {
    const rejection = reject(record, 'validate', { code: 'SCHEMA_MISMATCH', message: 'It is not.' })
    const { beside } = composer({}).message(rejection) as Outgoing
    const properties = beside.application_properties as Record<string, string>
    assert.equal(properties['millrace.reason.code'], 'SCHEMA_MISMATCH')
    assert.equal(properties['millrace.stage'], 'validate')
  })
})
