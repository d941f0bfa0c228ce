import type { Example } from '../../core/node/spec.ts'

export const EXAMPLES = [
  {
    name: 'one message with many measurements, device in the topic',
    topic: 'tele/dev1/SENSOR',
    options: { topic: 'tele/{device_id}/SENSOR', keep: [{ from: 'Time', to: 'ts' }] },
    given: {
      Time: '2023-08-20T11:09:47',
      BME280: { Temperature: 27.8, Humidity: 54.5 },
      TempUnit: 'C'
    },
    then: [
      [
        { ts: '2023-08-20T11:09:47', device_id: 'dev1', metric: 'BME280.Temperature', value: 27.8 },
        { ts: '2023-08-20T11:09:47', device_id: 'dev1', metric: 'BME280.Humidity', value: 54.5 }
      ],
      null
    ]
  },
  {
    name: 'each measurement has its own time',
    options: { keep: [{ from: 'device_id', to: '' }], each: 'object' },
    given: { device_id: 'd1', 'Tag 10': { SourceTimestamp: '2024-07-29T15:02:17Z', Value: 4558 } },
    then: [{ device_id: 'd1', metric: 'Tag 10', value: 4558, ts: '2024-07-29T15:02:17Z' }, null]
  },
  {
    name: 'a list of readings, one record each',
    options: {
      recordsAt: 'list',
      listPath: 'values',
      outer: false,
      mode: 'keep',
      keep: [
        { from: 'id', to: 'metric' },
        { from: 'v', to: 'value' },
        { from: 't', to: 'ts' }
      ]
    },
    given: {
      timestamp: 1541021024224,
      values: [{ id: 'A.B', t: 1541021024193, v: 7 }, 'no reading']
    },
    then: [
      { metric: 'A.B', value: 7, ts: 1541021024193 },
      {
        record: 'no reading',
        reason: {
          code: 'NOT_A_RECORD',
          message:
            'The payload is a string; a record is an object such as {"device_id": "d1", "value": 1}.',
          path: 'values.1'
        },
        stage: 'reshape',
        origin: null,
        raw: null
      }
    ]
  },
  {
    name: 'units, words and a decimal comma',
    options: {
      values: [
        { metric: '*_f', action: 'unit', by: '°F > °C' },
        { metric: 'state', action: 'words', by: 'ON=1, OFF=0' },
        { metric: 'kwh', action: 'decimal-comma', by: '' }
      ]
    },
    given: { device_id: 'd1', ts: 1708700000, temp_f: 72.5, state: 'ON', kwh: '1.234,5' },
    then: [
      [
        { device_id: 'd1', ts: 1708700000, metric: 'temp_f', value: 22.5 },
        { device_id: 'd1', ts: 1708700000, metric: 'state', value: 1 },
        { device_id: 'd1', ts: 1708700000, metric: 'kwh', value: 1234.5 }
      ],
      null
    ]
  },
  {
    name: 'a device that writes under the name of another',
    topic: 'tele/d1/SENSOR',
    options: { topic: 'tele/{device_id}/SENSOR', topicWins: 'agree' },
    given: { device_id: 'd2', t: 20 },
    then: [
      null,
      {
        record: { device_id: 'd2', t: 20 },
        reason: {
          code: 'FIELD_CONFLICT',
          message: 'device_id is "d2" in the payload, but "d1" beside it.',
          path: 'device_id'
        },
        stage: 'reshape',
        origin: null,
        raw: null
      }
    ]
  },
  {
    name: 'rows of one device and time become one wide record',
    options: { mode: 'pivot' },
    given: [
      { device_id: 'd1', ts: 1, metric: 't', value: 20 },
      { device_id: 'd2', ts: 1, metric: 't', value: 21 },
      { device_id: 'd1', ts: 1, metric: 'rh', value: 50 }
    ],
    then: [
      [
        { device_id: 'd1', ts: 1, t: 20, rh: 50 },
        { device_id: 'd2', ts: 1, t: 21 }
      ],
      null
    ]
  }
] as const satisfies readonly Example[]
