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
      help: '* stands for any text.'
    },
    action: {
      kind: 'choice',
      label: 'Is',
      default: 'unit',
      choices: {
        unit: 'converted',
        scale: 'multiplied by',
        offset: 'raised by',
        words: 'a word for a number',
        number: 'text, a number',
        'decimal-comma': 'text, decimal comma',
        round: 'rounded to places',
        clamp: 'held within'
      },
      help: 'What cannot be done rejects the record.'
    },
    by: {
      kind: 'text',
      label: 'By',
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
