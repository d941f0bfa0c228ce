import { checksOff } from '../../core/advice/field.ts'
import { fieldColumn } from '../../core/node/field-column.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'
import { EXAMPLES } from './examples.ts'

const ordered = 'For the average over time, the increase of a counter and the seconds in a state.'

export const spec = {
  type: 'millrace-aggregate',
  label: 'aggregate',
  summary:
    'Makes averages, sums, percentiles and the like of each device over windows of time, such as one minute or a day.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['results', 'late', 'rejected'],
  sections: {
    window: 'Window',
    made: 'What is made',
    result: 'Results',
    late: 'Late and silent devices'
  },
  fields: {
    window: {
      kind: 'choice',
      label: 'Windows',
      section: 'window',
      default: 'tumbling',
      choices: {
        tumbling: 'one after the other, of one length',
        hopping: 'of one length, begun at short intervals (they overlap)',
        calendar: 'days, weeks or months of the calendar',
        session: 'until nothing came for a while (sessions)'
      },
      help: 'Tumbling: each minute. Hopping: the last 15 minutes, each minute. Calendar: the day on which the clocks change has 23 or 25 hours. Session: a run of a machine.'
    },
    length: {
      kind: 'text',
      label: 'Length',
      section: 'window',
      default: '1 min',
      required: true,
      check: 'duration',
      placeholder: '15 min',
      when: { window: ['tumbling', 'hopping'] },
      help: 'How long a window is, such as 30 s, 15 min, 8 h. They begin at the full minute, quarter or hour (UTC).'
    },
    every: {
      kind: 'text',
      label: 'A new one every',
      section: 'window',
      default: '10 s',
      required: true,
      check: 'duration',
      placeholder: '1 min',
      when: { window: 'hopping' },
      help: 'Each record counts in all windows that are open, so the length is at most 100 times this.'
    },
    calendar: {
      kind: 'choice',
      label: 'Length',
      section: 'window',
      default: 'day',
      choices: { day: 'day', week: 'week, from Monday', month: 'month' },
      when: { window: 'calendar' },
      help: 'As the calendar of the time zone has them.'
    },
    zone: {
      kind: 'text',
      label: 'Time zone',
      section: 'window',
      default: 'UTC',
      required: true,
      check: 'time-zone',
      as: 'time-zone',
      when: { window: 'calendar' },
      help: 'Whose midnight counts, such as Europe/Berlin.'
    },
    begins: {
      kind: 'text',
      label: 'A day begins at',
      section: 'window',
      default: '00:00',
      required: true,
      pattern: '([01]\\d|2[0-3]):[0-5]\\d',
      patternHint: 'a time on the clock such as 06:00',
      when: { window: 'calendar' },
      help: 'On the clock of the zone; 06:00 for days that begin with the first shift.'
    },
    gap: {
      kind: 'text',
      label: 'Ends after silence of',
      section: 'window',
      default: '5 min',
      required: true,
      check: 'duration',
      when: { window: 'session' },
      help: 'A session ends when no record of its key came for so long. One that lasts 31 days is ended.'
    },
    functions: {
      kind: 'list',
      label: 'Made of the values',
      section: 'made',
      required: true,
      default: [{ function: 'avg', field: '', parameter: '', as: '' }],
      help: 'One result a row. Percentiles of up to 1,000 values are exact, of more they are estimated (t-digest).',
      columns: {
        function: {
          kind: 'choice',
          label: 'Function',
          default: 'avg',
          choices: {
            avg: 'average',
            min: 'minimum',
            max: 'maximum',
            sum: 'sum',
            count: 'number of values',
            first: 'first value',
            last: 'last value',
            range: 'max − min',
            stddev: 'std. deviation',
            stddev_pop: '… of a population',
            percentile: 'percentile',
            time_avg: 'average over time',
            increase: 'counter increase',
            seconds: 'seconds in state',
            distinct: 'different values'
          },
          help: 'Average over time: each value holds until the next.'
        },
        field: {
          kind: 'text',
          pick: 'fields',
          check: 'field-path',
          label: 'Field',
          default: '',
          placeholder: 'value',
          help: 'Empty for the value field.'
        },
        parameter: {
          kind: 'text',
          label: 'Detail',
          default: '',
          placeholder: '',
          help: 'Percentile: 95. Increase: where the counter begins again, or empty. Seconds: a state such as open, or empty for each.'
        },
        as: {
          kind: 'text',
          check: 'field-path',
          label: 'Name',
          default: '',
          placeholder: 'avg',
          help: 'Name of the result; empty for avg, max, p95.'
        }
      }
    },
    key: {
      ...memoryFields.key,
      section: 'made',
      help: 'Records that agree in these fields have windows of their own. Without a row, all records are taken together.'
    },
    unusable: {
      kind: 'choice',
      label: 'If it is no number',
      section: 'made',
      default: 'reject',
      choices: { reject: 'rejects the record', skip: 'is left out, and counted as filtered' },
      help: 'Missing values, texts, NaN. A number of more digits than a double holds is always rejected, since its sum would be another.'
    },
    shape: {
      kind: 'choice',
      label: 'A window becomes',
      section: 'result',
      default: 'long',
      choices: {
        long: 'a record of each result (metric temperature_c_avg)',
        wide: 'one record with a field of each result (avg, max)'
      },
      help: 'The first fits the table that timescale sink makes.'
    },
    timeIs: {
      kind: 'choice',
      label: 'Its time is',
      section: 'result',
      default: 'start',
      choices: { start: 'the start of the window', end: 'the end of the window' },
      help: 'With device and metric it is the key of the row, so a result that comes twice is stored once.'
    },
    keep: {
      kind: 'list',
      label: 'Fields that stay',
      section: 'result',
      default: [{ field: 'location' }],
      help: 'Other fields of the records, where all records of a window agree.',
      columns: fieldColumn('location')
    },
    early: {
      kind: 'text',
      label: 'Results so far every',
      section: 'result',
      default: '',
      check: 'duration',
      placeholder: 'only at the end',
      help: 'Results of windows that are still open, with final: false. The sink must be told to replace the row.'
    },
    lateness: {
      kind: 'text',
      label: 'Wait for late records',
      section: 'late',
      default: '10 s',
      required: true,
      check: 'duration',
      help: 'Records may come so much out of order. A window is closed when a record comes that is so much newer than its end.'
    },
    runs: {
      kind: 'choice',
      label: 'Time goes on',
      section: 'late',
      default: 'key',
      choices: {
        key: 'for each device by its own records',
        all: 'for all by the records of all'
      },
      help: 'By its own: a device that was away and sends an hour of readings is late for nobody. By all: all windows close together.'
    },
    idle: {
      kind: 'text',
      label: 'Silent after',
      section: 'late',
      default: '1 min',
      required: true,
      check: 'duration',
      help: 'When nothing came for so long, time goes on by the clock of the computer, so that the last window is closed too.'
    },
    ahead: {
      ...memoryFields.ahead,
      section: 'late',
      help: 'A record further ahead of the clock of the computer is rejected: one such record would close all windows.'
    },
    hold: {
      kind: 'text',
      label: 'A value holds at most',
      section: 'advanced',
      default: '1 d',
      required: true,
      check: 'duration',
      help: `${ordered} After that, a silent device has no value.`
    },
    silent: {
      kind: 'bool',
      label: 'Windows without a record too',
      section: 'advanced',
      default: false,
      when: { window: ['tumbling', 'calendar'] },
      help: `As long as the value before holds. ${ordered}`
    },
    timeField: {
      ...memoryFields.timeField,
      section: 'advanced'
    },
    valueField: {
      ...memoryFields.valueField,
      section: 'advanced',
      help: 'Where values are, and where the results of a long record go.'
    },
    metricField: {
      kind: 'text',
      check: 'field-path',
      label: 'Metric field',
      section: 'advanced',
      default: 'metric',
      required: true,
      when: { shape: 'long' },
      help: 'The name of the metric, to which that of the function is added.'
    },
    timeTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Time goes to',
      section: 'advanced',
      default: 'ts_utc',
      required: true,
      help: 'The field of a result with its time, ISO 8601 in UTC.'
    },
    startTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Start goes to',
      section: 'advanced',
      default: 'window_start',
      help: 'Empty for nowhere.'
    },
    endTo: {
      kind: 'text',
      check: 'field-path',
      label: 'End goes to',
      section: 'advanced',
      default: 'window_end',
      help: 'Empty for nowhere.'
    },
    countTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Count goes to',
      section: 'advanced',
      default: 'count',
      help: 'How many records the window had. Empty for nowhere.'
    },
    maxKeys: {
      ...memoryFields.maxKeys,
      label: 'Devices at most',
      help: 'A record of one more is rejected as STATE_FULL. A key takes some 500 bytes of memory, more with percentiles.'
    },
    maxOpen: {
      kind: 'number',
      label: 'Open windows at most',
      section: 'advanced',
      default: 1000,
      min: 1,
      max: 10_000,
      integer: true,
      unit: 'a key',
      help: 'A record that would open one more is rejected as STATE_FULL.'
    },
    maxAge: {
      ...memoryFields.maxAge,
      help: 'A device of which nothing came for so long is forgotten, once its windows are closed.'
    },
    keepIn: memoryFields.keepIn,
    cluster: memoryFields.cluster,
    stateTopic: memoryFields.stateTopic,
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
