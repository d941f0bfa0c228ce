/** The rows that say what is done with values, and what is calculated from them. */

export const values = {
  kind: 'list',
  label: 'Change values',
  section: 'values',
  default: [],
  help: 'What is done with values, one after the other. In one record, the name is that of a field.',
  columns: {
    metric: {
      kind: 'text',
      pick: 'measurements',
      label: 'Metric',
      default: '*',
      required: true,
      placeholder: '*.Temperature',
      help: 'The measurement; * stands for any text.'
    },
    action: {
      kind: 'choice',
      label: 'Change',
      default: 'unit',
      choices: {
        unit: 'convert unit',
        scale: 'multiply by',
        offset: 'add',
        words: 'word to number',
        number: 'text to number',
        'decimal-comma': 'decimal comma',
        round: 'round to places',
        clamp: 'limit to range'
      },
      help: 'What cannot be done rejects the record. Decimal comma: the text 1.234,5 becomes 1234.5.'
    },
    by: {
      kind: 'text',
      label: 'With',
      default: '',
      placeholder: '°F > °C',
      help: 'Units "°F > °C", a number, words "ON=1, OFF=0", or a range "0..100".'
    }
  }
} as const

export const calculated = {
  kind: 'list',
  label: 'Calculated fields',
  default: [],
  section: 'advanced',
  help: 'For what the rows above do not say: fields by JSONata, from the fields of the record and of the topic. They are there before measurements are looked for.',
  columns: {
    to: {
      kind: 'text',
      check: 'field-path',
      label: 'Field',
      default: '',
      required: true,
      placeholder: 'power',
      help: 'Name, or path.'
    },
    expression: {
      kind: 'text',
      label: 'JSONata',
      default: '',
      required: true,
      placeholder: 'voltage * current',
      help: 'What has no value leaves the field as it is.'
    }
  }
} as const
