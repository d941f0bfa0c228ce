/** What the dialogs of all nodes say; the locale of the editor plugin is made from it. */
export const TEXTS = {
  advanced: 'Advanced',
  changed: 'changed',
  test: 'Test connection',
  busy: 'Asking…',
  pick: 'Pick',
  filter: 'filter',
  nothing: 'There are none.',
  add: 'add',
  expand: 'Edit in a larger window',
  chooseFirst: 'Choose this first:',
  unreachable: 'Node-RED did not answer. Is it running?',
  lessonMissing: 'The example could not be loaded.',
  missing: 'the node it refers to does not exist',
  invalid: 'the node it refers to has wrong settings'
} as const

export type TextKey = keyof typeof TEXTS
