import type { Example } from '../../core/node/spec.ts'

export const EXAMPLES: readonly Example[] = [
  {
    name: 'the location of a device from a table',
    given: { device_id: 'sensor-001', value: 23.5 },
    then: [{ device_id: 'sensor-001', value: 23.5, location: 'hall 1' }, null]
  },
  {
    name: 'an unknown device is rejected',
    given: [
      { device_id: 'sensor-002', value: 1 },
      { device_id: 'intruder', value: 2 }
    ],
    then: [
      [{ device_id: 'sensor-002', value: 1, location: 'hall 2' }],
      [
        {
          record: { device_id: 'intruder', value: 2 },
          reason: {
            code: 'UNKNOWN_DEVICE',
            message: 'There is no metadata for device_id "intruder".',
            path: 'device_id'
          },
          stage: 'enrich',
          origin: null,
          raw: null
        }
      ]
    ]
  },
  {
    name: 'an unknown device gets default values',
    options: { unknown: 'default', defaults: [{ field: 'location', value: 'unknown' }] },
    given: { device_id: 'intruder', value: 2 },
    then: [{ device_id: 'intruder', value: 2, location: 'unknown' }, null]
  },
  {
    name: 'everything from a JSON table; the measurement is not replaced',
    options: {
      devices: '[{ "device_id": 7, "value": "gold", "site": { "name": "north" } }]',
      copy: []
    },
    given: { device_id: '7', value: 2 },
    then: [{ device_id: '7', value: 2, site: { name: 'north' } }, null]
  },
  {
    name: 'columns by other names, numbers as numbers',
    options: {
      devices: 'serial;place;floor\nA1;"hall; west";-1\n',
      keyColumn: 'serial',
      copy: [
        { from: 'place', to: 'location' },
        { from: 'floor', to: 'position.floor' }
      ]
    },
    given: { device_id: 'A1' },
    then: [{ device_id: 'A1', location: 'hall; west', position: { floor: -1 } }, null]
  }
]
