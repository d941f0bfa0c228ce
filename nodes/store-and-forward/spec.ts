import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { sourceFields } from '../../core/source/fields.ts'
import { memoryFields } from '../../core/state/fields.ts'

/** The words that stand for a priority, the first one first. */
export const PRIORITIES = {
  first: 'first, never left out',
  high: 'high',
  normal: 'normal',
  low: 'low'
} as const

/** As the node "route" has them. */
export const COMPARISONS = {
  equals: 'is',
  not_equals: 'is not',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  in: 'is one of',
  contains: 'contains',
  starts_with: 'starts with',
  topic_matches: 'matches topic',
  present: 'is there',
  missing: 'is missing',
  is_true: 'is true'
} as const

export const spec = {
  type: 'millrace-store-and-forward',
  label: 'store and forward',
  summary:
    'Keeps records on disk between any two nodes until the flow behind has them, those that matter most first.',
  category: 'telemetry',
  family: 'delivery',
  inputs: 1,
  outputs: ['forwarded', 'left out', 'rejected'],
  keepsRecords: true,
  sections: { first: 'What goes first', room: 'Room on the disk', on: 'Sending on' },
  fields: {
    priorities: {
      kind: 'list',
      label: 'Priorities',
      section: 'first',
      default: [],
      help: 'The first row that a record meets gives its priority. Where none does, msg.priority does (first, high, normal, low, or 1 to 4), else it is normal.',
      columns: {
        field: {
          kind: 'text',
          pick: 'fields',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'alarm',
          help: 'Name or path in the record, or msg.topic.'
        },
        operator: {
          kind: 'choice',
          label: 'Comparison',
          default: 'equals',
          choices: COMPARISONS,
          help: 'Numbers compare with numbers, texts with texts.'
        },
        value: {
          kind: 'text',
          label: 'Value',
          default: '',
          placeholder: 'raised',
          help: 'Text, a number, true or false; several with a comma for "is one of".'
        },
        priority: {
          kind: 'choice',
          label: 'Priority',
          default: 'first',
          choices: PRIORITIES,
          help: 'What has a higher one leaves before everything else.'
        }
      }
    },
    order: {
      kind: 'choice',
      label: 'After an outage',
      section: 'first',
      default: 'live',
      choices: {
        live: 'new records at once, what waited beside them',
        strict: 'all in the order they came'
      },
      help: 'Both keep the order of each key within a priority among what waited, and among what is new. In the order they came, a new record waits for all that came before it.'
    },
    share: {
      kind: 'number',
      label: 'Share of what waited',
      section: 'first',
      default: 50,
      min: 5,
      max: 95,
      integer: true,
      unit: '% of records',
      when: { order: 'live' },
      help: 'While new records keep the flow behind busy. What they leave over, what waited has as well.'
    },
    maxMb: {
      kind: 'number',
      label: 'At most',
      section: 'room',
      default: 1000,
      min: 1,
      max: 1_000_000,
      unit: 'MB',
      help: 'Of records that wait. The folder may take up to twice as much until the store has tidied up.'
    },
    full: {
      kind: 'choice',
      label: 'When it is full',
      section: 'room',
      default: 'wait',
      choices: {
        wait: 'takes nothing more: the sources wait',
        thin: 'thins out old records',
        oldest: 'leaves out the oldest records'
      },
      help: 'Beginning with the lowest priority. What is left out is counted, told in the log and sent to the second output.'
    },
    keepEvery: {
      kind: 'number',
      label: 'Keeps one of',
      section: 'room',
      default: 2,
      min: 2,
      max: 100,
      integer: true,
      unit: 'records',
      when: { full: 'thin' },
      help: 'Of so many records of a key one stays, from the oldest on; when all have been thinned, from the beginning again.'
    },
    key: {
      ...memoryFields.key,
      section: 'room',
      when: { full: 'thin' },
      help: 'Records that agree in these fields are thinned out together. Without a row, all are.'
    },
    maxAge: {
      kind: 'text',
      label: 'No older than',
      section: 'room',
      default: '',
      placeholder: 'any age',
      check: 'duration',
      help: 'What has waited longer, such as 7 d, is of no use any more and is left out: counted and told as well. Empty: it stays, however old.'
    },
    leaves: {
      kind: 'choice',
      label: 'Sent on',
      section: 'on',
      default: 'kind',
      choices: {
        kind: 'as they came, one by one or in lists',
        lists: 'always in lists'
      },
      help: 'A list costs the flow behind as much as one record, so what waited is sent many times faster in lists.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      label: 'Deleted here',
      section: 'on',
      choices: {
        finished: sourceFields.acknowledge.choices.finished,
        stored: sourceFields.acknowledge.choices.stored
      },
      help: 'When a record may leave the disk. "Stored" is strict: what no sink confirms is sent again.'
    },
    tries: {
      kind: 'choice',
      label: 'Where the flow fails',
      section: 'on',
      default: 'forever',
      choices: {
        forever: 'sends again until it works',
        limited: 'sends again so often, then gives up'
      },
      help: 'Given up records leave by the third output with the reason, so that one the flow cannot deal with does not hold up the others.'
    },
    retries: {
      ...sourceFields.retries,
      section: 'on',
      when: { tries: 'limited' },
      help: 'How often it is sent again, with growing pauses of 10 s at most.'
    },
    batchSize: {
      ...sourceFields.batchSize,
      default: 2000,
      help: 'At most this many records are on their way at a time, of what is new and of what waited of each priority; the next leave when these are done. More of it for long ways.'
    },
    gatherMs: {
      kind: 'number',
      label: 'Gather for',
      section: 'advanced',
      default: 10,
      min: 0,
      max: 1000,
      unit: 'ms',
      help: 'What comes in this time is written together. Longer spares flash memory, and costs as much time.'
    },
    timeoutS: {
      ...sourceFields.timeoutS,
      when: {},
      help: 'What the flow behind has not finished with after this long is sent again. Sinks that wait for their service ask for more time.'
    },
    checksOff
  }
} as const satisfies NodeSpec
