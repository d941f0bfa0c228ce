/** The fields that say what one measurement is: a value, or an object with value and time. */

const unpivot = { mode: 'unpivot' } as const
/** Holds where a measurement is an object. */
export const objects = { mode: 'unpivot', each: 'object' } as const

export const eachFields = {
  each: {
    kind: 'choice',
    label: 'Each one is',
    section: 'made',
    default: 'value',
    choices: { value: 'a value', object: 'an object with value and time' },
    when: unpivot,
    help: 'Such as 21.5, or {"Value": 21.5, "SourceTimestamp": "…"}.'
  },
  valueAt: {
    kind: 'text',
    pick: 'parts',
    check: 'field-path',
    label: 'Its value in',
    section: 'made',
    default: 'Value',
    required: true,
    when: objects,
    help: 'The field of the object with the value.'
  },
  timeAt: {
    kind: 'text',
    pick: 'parts',
    check: 'field-path',
    label: 'Its time in',
    section: 'made',
    default: 'SourceTimestamp',
    when: objects,
    help: 'The field of the object with the time. Empty where it has none of its own.'
  },
  unitAt: {
    kind: 'text',
    pick: 'parts',
    check: 'field-path',
    label: 'Its unit in',
    section: 'made',
    default: '',
    placeholder: 'Unit',
    when: objects,
    help: 'Goes to the field unit. Empty where it has none.'
  },
  qualityAt: {
    kind: 'text',
    pick: 'parts',
    check: 'field-path',
    label: 'Its quality in',
    section: 'made',
    default: '',
    placeholder: 'StatusCode',
    when: objects,
    help: 'Goes to the field quality. Empty where it has none.'
  }
} as const
