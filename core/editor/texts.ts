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
  preview: 'Preview',
  previewIn: 'In',
  previewOut: 'Out',
  sample: 'Message',
  seenHere: 'seen here',
  seenBefore: 'seen at the node before',
  example: 'example',
  pasted: 'typed or pasted',
  records: 'records',
  shortened: 'shortened',
  topic: 'Topic',
  noOutput: 'Nothing leaves.',
  leftOut: 'left out on purpose',
  moreRecords: 'more',
  reload: 'Look for newer messages',
  missing: 'the node it refers to does not exist',
  invalid: 'the node it refers to has wrong settings'
} as const

export type TextKey = keyof typeof TEXTS
