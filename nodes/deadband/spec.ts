import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'
import { EXAMPLES } from './examples.ts'

export const spec = {
  type: 'millrace-deadband',
  label: 'deadband',
  summary:
    'Leaves out values that say nothing new: changes that are too small, too many points, or records that came already.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  remembers: true,
  outputs: ['passed', 'rejected'],
  sections: { what: 'What passes', apart: 'Records and their time' },
  fields: {
    method: {
      kind: 'choice',
      label: 'Passes',
      section: 'what',
      default: 'exception',
      choices: {
        exception: 'a value that has changed enough',
        door: 'what is needed to draw the curve (swinging door)',
        interval: 'one record, or a few, of each interval',
        duplicates: 'each record once'
      },
      help: 'Changed enough: against the last value that passed. Curve: straight lines between what passed are nowhere further from a value than the width. Once: the same key and time is left out.'
    },
    band: {
      kind: 'choice',
      label: 'The width is',
      section: 'what',
      default: 'absolute',
      choices: {
        absolute: 'in the unit of the value',
        last: 'percent of the last value that passed',
        range: 'percent of a range'
      },
      when: { method: ['exception', 'door'] },
      help: 'Percent of the last value is narrow near zero; of a range, as instruments have it, it is the same everywhere.'
    },
    width: {
      kind: 'number',
      label: 'Width',
      section: 'what',
      default: 0.5,
      min: 0,
      when: { method: ['exception', 'door'] },
      help: 'A value passes when it differs by more than that. 0: whenever it is another one.'
    },
    low: {
      kind: 'number',
      label: 'Range from',
      section: 'what',
      default: 0,
      when: { method: ['exception', 'door'], band: 'range' },
      help: 'The lowest value that the instrument measures.'
    },
    high: {
      kind: 'number',
      label: 'Range to',
      section: 'what',
      default: 100,
      when: { method: ['exception', 'door'], band: 'range' },
      help: 'The highest.'
    },
    widths: {
      kind: 'list',
      label: 'Other widths',
      section: 'what',
      default: [],
      when: { method: ['exception', 'door'] },
      help: 'For metrics that need another width than the rest.',
      columns: {
        metric: {
          kind: 'text',
          label: 'Metric',
          default: '',
          required: true,
          placeholder: 'pressure_kpa',
          help: 'As it stands in the field metric.'
        },
        width: {
          kind: 'number',
          label: 'Width',
          default: 1,
          min: 0,
          help: 'In place of the one above.'
        }
      }
    },
    maxSilence: {
      kind: 'text',
      label: 'Passes anyway after',
      section: 'what',
      default: '10 min',
      check: 'duration',
      placeholder: 'never',
      when: { method: ['exception', 'door'] },
      help: 'So long after the last one that passed, the next value passes although it did not change: a device that is steady looks different from one that is gone. Empty: never.'
    },
    minPause: {
      kind: 'text',
      label: 'At most one every',
      section: 'what',
      default: '',
      check: 'duration',
      placeholder: 'no limit',
      when: { method: 'exception' },
      help: 'Changes that follow sooner are left out. Empty: no limit.'
    },
    before: {
      kind: 'bool',
      label: 'With the value before the change',
      section: 'what',
      default: false,
      when: { method: 'exception' },
      help: 'The last value that was left out passes too, before the changed one, so that a step is a step in a chart and no ramp.'
    },
    every: {
      kind: 'text',
      label: 'Each interval',
      section: 'what',
      default: '1 min',
      required: true,
      check: 'duration',
      when: { method: 'interval' },
      help: 'Intervals begin at the full minute, quarter or hour (UTC).'
    },
    keep: {
      kind: 'choice',
      label: 'Keep of each',
      section: 'what',
      default: 'last',
      choices: {
        last: 'the last record',
        first: 'the first record, at once',
        mean: 'one record with the average',
        lttb: 'the points that keep the shape of the curve'
      },
      when: { method: 'interval' },
      help: 'All but the first leave when the interval is over. The average has the time at which its interval begins.'
    },
    points: {
      kind: 'number',
      label: 'Points',
      section: 'what',
      default: 10,
      min: 3,
      max: 1000,
      integer: true,
      unit: 'an interval',
      when: { method: 'interval', keep: 'lttb' },
      help: 'As many of each interval, the first and the last among them (largest triangle, three buckets).'
    },
    remember: {
      kind: 'text',
      label: 'Remembers for',
      section: 'what',
      default: '1 h',
      required: true,
      check: 'duration',
      when: { method: 'duplicates' },
      help: 'So far behind the newest record of its key a record is known again, of the last 1,000 at most.'
    },
    unusable: {
      kind: 'choice',
      label: 'If it is no number',
      section: 'what',
      default: 'reject',
      choices: {
        reject: 'rejects the record',
        pass: 'passes',
        changes: 'passes when it is another one than before'
      },
      when: { method: ['exception', 'door'] },
      help: 'Missing values, texts such as open and closed, true and false, NaN.'
    },
    key: {
      ...memoryFields.key,
      help: 'Records that agree in these fields are compared with one another. Without a row, all records are.'
    },
    lateness: {
      kind: 'text',
      label: 'Wait for late records',
      section: 'apart',
      default: '0 s',
      required: true,
      check: 'duration',
      when: { method: ['exception', 'door', 'interval'] },
      help: 'Records are compared in the order of their times. Each waits so long for older ones; what is still too late passes.'
    },
    valueField: {
      ...memoryFields.valueField,
      help: 'The field that is compared.'
    },
    timeField: memoryFields.timeField,
    ahead: {
      ...memoryFields.ahead,
      help: 'A record further ahead of its arrival is rejected: all that follow would be too late.'
    },
    maxKeys: {
      ...memoryFields.maxKeys,
      help: 'A record of one more is rejected as STATE_FULL. A key takes some 700 bytes of memory, and 100 on the disk.'
    },
    maxAge: {
      ...memoryFields.maxAge,
      help: 'A key of which nothing came for so long is forgotten: its next value passes.'
    },
    keepIn: memoryFields.keepIn,
    cluster: memoryFields.cluster,
    stateTopic: memoryFields.stateTopic,
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
