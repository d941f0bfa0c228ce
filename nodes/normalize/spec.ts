import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-normalize',
  label: 'normalize',
  summary:
    'Gives every record its time in UTC, whatever form the device sends, and evens out names and number formats.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['normalized', 'rejected'],
  sections: {
    time: 'Time of the record',
    zone: 'Times without a zone',
    bounds: 'Clocks that are wrong',
    fields: 'Names and formats of fields'
  },
  fields: {
    field: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Time is in field',
      section: 'time',
      default: 'ts',
      required: true,
      help: 'The field with the time of the device; a path such as meta.time reaches into objects.'
    },
    target: {
      kind: 'text',
      check: 'field-path',
      label: 'UTC time goes to',
      section: 'time',
      default: 'ts_utc',
      required: true,
      help: 'The field for the time as ISO 8601 in UTC. The original stays where it is.'
    },
    unit: {
      kind: 'choice',
      label: 'Number counts',
      section: 'time',
      default: 'auto',
      choices: {
        auto: 's, ms, µs or ns, by their size',
        s: 'seconds',
        ms: 'milliseconds',
        us: 'microseconds',
        ns: 'nanoseconds',
        excel: 'days, as Excel counts them'
      },
      help: 'The unit of times that are numbers, counted from 1970. By size, a number must fall between 2000 and 2100 in one of the units; otherwise it is rejected.'
    },
    missing: {
      kind: 'choice',
      label: 'Record without time',
      section: 'time',
      default: 'reject',
      choices: {
        reject: 'is rejected',
        kafka: 'has the time of the Kafka record',
        arrival: 'has the time of arrival here'
      },
      help: 'The time of the Kafka record is the same at every delivery, so that a repeat stays one row. That of arrival is another one each time, and a repeat a second row.'
    },
    forms: {
      kind: 'list',
      label: 'Own forms of time',
      section: 'time',
      default: [],
      help: 'Read before the known forms: dd.MM.yyyy HH:mm:ss, MM/dd/yyyy hh:mm:ss a. What two of them read as different times is rejected.',
      columns: {
        pattern: {
          kind: 'text',
          label: 'Form',
          default: '',
          required: true,
          placeholder: 'dd.MM.yyyy HH:mm:ss',
          help: 'yyyy year, MM month, dd day, HH hour, mm minute, ss second, SSS milliseconds, hh and a hours of twelve, MMM name of the month, ZZ offset; words in apostrophes.'
        },
        language: {
          kind: 'text',
          label: 'Language',
          default: 'en',
          required: true,
          placeholder: 'de',
          help: 'Of the names of months and days.'
        }
      }
    },
    zoneFrom: {
      kind: 'choice',
      label: 'Time without zone',
      section: 'zone',
      default: 'none',
      choices: {
        none: 'is rejected',
        fixed: 'is in a time zone chosen here',
        field: 'is in the zone that a field names'
      },
      help: 'What a date and time without a zone means, such as 2024-02-23 13:46:40.'
    },
    zone: {
      kind: 'text',
      check: 'time-zone',
      as: 'time-zone',
      label: 'Time zone',
      section: 'zone',
      default: 'UTC',
      placeholder: 'Europe/Berlin',
      required: true,
      when: { zoneFrom: 'fixed' },
      help: 'An IANA time zone such as Europe/Berlin, or an offset such as +02:00.'
    },
    zoneField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Time zone in field',
      section: 'zone',
      default: 'timezone',
      required: true,
      when: { zoneFrom: 'field' },
      help: 'The field in which the record says its IANA time zone or offset.'
    },
    fold: {
      kind: 'choice',
      label: 'Hour that comes twice',
      default: 'reject',
      choices: { reject: 'is rejected', earlier: 'is the first', later: 'is the second' },
      section: 'zone',
      when: { zoneFrom: ['fixed', 'field'] },
      help: 'When the clocks are put back, an hour of local time comes twice. A time that was skipped when they were put forward is always rejected.'
    },
    futureS: {
      kind: 'number',
      label: 'Clock ahead, at most',
      section: 'bounds',
      default: 300,
      min: 0,
      unit: 's',
      help: 'Records further in the future are rejected: the clock of the device is wrong. 0 for no bound.'
    },
    pastDays: {
      kind: 'number',
      label: 'Clock behind, at most',
      section: 'bounds',
      default: 365,
      min: 0,
      unit: 'days',
      help: 'Older records are rejected. Set it to what the database keeps, or to 0 for no bound.'
    },
    fields: {
      kind: 'list',
      label: 'Fields',
      section: 'fields',
      default: [],
      help: 'Renames and converts fields before the time is read. A path such as data.temp copies out of objects. Where the new name is taken, both keep their names, and it is converted all the same.',
      columns: {
        from: {
          kind: 'text',
          pick: 'fields',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'device',
          help: 'Name, or path into objects.'
        },
        to: {
          kind: 'text',
          label: 'New name',
          default: '',
          placeholder: 'device_id',
          help: 'Empty to keep the name.'
        },
        as: {
          kind: 'choice',
          label: 'Convert',
          default: 'keep',
          choices: {
            keep: 'as it is',
            number: 'to a number',
            'decimal-comma': 'number, decimal comma',
            text: 'to text'
          },
          help: 'The type that the value shall have.'
        }
      }
    },
    decision: {
      kind: 'text',
      check: 'field-path',
      label: 'Write the rule to',
      default: '',
      placeholder: 'ts_source',
      section: 'advanced',
      help: 'A field for the rule by which the time was read, such as "epoch s, guessed". Empty for none.'
    },
    checksOff
  },
  examples: [
    {
      name: 'seconds and milliseconds, told apart by their size',
      options: { pastDays: 0, futureS: 0, decision: 'ts_source' },
      recent: true,
      given: [
        { device_id: 'sensor-001', value: 23.5, ts: 1708700000 },
        { device_id: 'sensor-002', value: 23.5, ts: 1708700000123 }
      ],
      then: [
        [
          {
            device_id: 'sensor-001',
            value: 23.5,
            ts: 1708700000,
            ts_utc: '2024-02-23T14:53:20.000Z',
            ts_source: 'epoch s, guessed'
          },
          {
            device_id: 'sensor-002',
            value: 23.5,
            ts: 1708700000123,
            ts_utc: '2024-02-23T14:53:20.123Z',
            ts_source: 'epoch ms, guessed'
          }
        ],
        null
      ]
    },
    {
      name: 'local time of a known zone, in summer and in winter',
      options: { pastDays: 0, futureS: 0, zoneFrom: 'fixed', zone: 'Europe/Berlin' },
      given: [{ ts: '2024-07-01 12:00:00' }, { ts: '2024-12-01T12:00:00.000250' }],
      then: [
        [
          { ts: '2024-07-01 12:00:00', ts_utc: '2024-07-01T10:00:00.000Z' },
          { ts: '2024-12-01T12:00:00.000250', ts_utc: '2024-12-01T11:00:00.000250Z' }
        ],
        null
      ]
    },
    {
      name: 'other names, and a number as text',
      options: {
        pastDays: 0,
        futureS: 0,
        field: 'time',
        fields: [
          { from: 'device', to: 'device_id', as: 'keep' },
          { from: 'data.temp', to: 'value', as: 'number' }
        ]
      },
      given: { device: 'd1', time: 'Fri, 23 Feb 2024 15:53:20 +0100', data: { temp: '23.5' } },
      then: [
        {
          device_id: 'd1',
          value: 23.5,
          time: 'Fri, 23 Feb 2024 15:53:20 +0100',
          data: { temp: '23.5' },
          ts_utc: '2024-02-23T14:53:20.000Z'
        },
        null
      ]
    },
    {
      name: 'own forms: the day stands where the form says',
      options: {
        pastDays: 0,
        futureS: 0,
        zoneFrom: 'fixed',
        forms: [
          { pattern: 'dd.MM.yyyy HH:mm:ss', language: 'en' },
          { pattern: 'd. MMMM yyyy HH:mm', language: 'de' }
        ]
      },
      given: [{ ts: '03.04.2024 13:46:40' }, { ts: '3. März 2024 24:00' }],
      then: [
        [
          { ts: '03.04.2024 13:46:40', ts_utc: '2024-04-03T13:46:40.000Z' },
          { ts: '3. März 2024 24:00', ts_utc: '2024-03-04T00:00:00.000Z' }
        ],
        null
      ]
    },
    {
      name: 'an uptime is not a time',
      options: { pastDays: 0, futureS: 0 },
      given: { device_id: 'sensor-001', ts: 86400 },
      then: [
        null,
        {
          record: { device_id: 'sensor-001', ts: 86400 },
          reason: {
            code: 'TS_AMBIGUOUS_UNIT',
            message:
              'The time 86400 is not between 2000 and 2100 in s, ms, us or ns: set the unit, or the clock of the device.',
            path: 'ts'
          },
          stage: 'normalize',
          origin: null,
          raw: null
        }
      ]
    },
    {
      name: 'a date alone is not a time',
      given: { device_id: 'sensor-001', ts: '2000-01-01' },
      then: [
        null,
        {
          record: { device_id: 'sensor-001', ts: '2000-01-01' },
          reason: {
            code: 'TS_UNPARSABLE',
            message:
              'The time "2000-01-01" is none of: epoch, ISO 8601 with date and time, RFC 2822.',
            path: 'ts'
          },
          stage: 'normalize',
          origin: null,
          raw: null
        }
      ]
    }
  ]
} as const satisfies NodeSpec
