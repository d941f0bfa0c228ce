import type { Count } from './metrics.ts'

/** What each count means. */
export const COUNT_HELP: Readonly<Record<Count, string>> = {
  in: 'Records taken by the node',
  out: 'Records passed on',
  stored: 'Records stored durably and confirmed',
  rejected: 'Records that left by the rejected output or as dead letters',
  filtered: 'Records left out on purpose',
  duplicates: 'Records not written since they were there already',
  retried: 'Records sent into the flow or to the service again',
  returned: 'Records given back to the protocol, which delivers them again',
  inFlight: 'Records being dealt with now'
}

/** And the further numbers of nodes; others are called by their own names. */
const GAUGE_HELP: Readonly<Record<string, string>> = {
  lag: 'Records that the groups have not dealt with',
  'standing lag': 'Records that are really behind, not only on their way',
  'behind seconds': 'Age of the oldest record that was not dealt with',
  'consumer lag records': 'Records of a partition that the group has not dealt with',
  'consumer lag seconds': 'Age of the newest record that was read, while there are more',
  'record delay seconds': 'From the time of the device to stored, of the first record of a message',
  'store seconds': 'From received by the sink to stored, of each message',
  'batch records': 'Records in a message that came to the sink'
}

export const gaugeHelp = (title: string): string => GAUGE_HELP[title] ?? title.replaceAll('_', ' ')
