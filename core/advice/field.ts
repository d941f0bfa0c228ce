/** The field by which a node leaves out checks at deploy: the same words wherever it stands. */
export const checksOff = {
  kind: 'text',
  as: 'checks',
  check: 'check-codes',
  label: 'Leave out checks',
  default: '',
  placeholder: 'none',
  section: 'advanced',
  help: 'Checks at deploy that this node is not to make, by their codes.'
} as const
