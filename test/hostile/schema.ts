/**
 * The schema of the shipped flow, with what a plant adds to it: patterns and keywords that a text
 * or a list can make costly.
 */
export const SCHEMA = {
  type: 'object',
  required: ['device_id', 'metric', 'value', 'ts'],
  properties: {
    device_id: { type: 'string', minLength: 1, pattern: '^([a-zA-Z0-9]+-?)+$' },
    metric: { type: 'string', minLength: 1, not: { pattern: '\\s+$' } },
    value: { type: 'number' },
    ts: { type: ['number', 'string'] },
    tags: { type: 'array', uniqueItems: true },
    channels: { type: 'array', items: { type: 'number' } }
  }
}
