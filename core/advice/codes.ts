/**
 * What each check at deploy looks for. They stand in docs/checks.md, and each can be left out per
 * node by its code.
 */
export const CHECK_CODES = {
  REJECTED_UNWIRED:
    'No wire leaves the output "rejected": what is rejected is lost, or never acknowledged.',
  DIRECT_TO_DATABASE:
    'A source writes straight into a database, at more than 1,000 records a second: nothing keeps the records while the database is away.',
  FLAT_TOPIC:
    'Devices share one flat topic: nobody can subscribe to a part of them, and every subscriber gets everything.',
  POLLED_TABLE:
    'A table is asked for new rows again and again: that locks it, comes late, and costs more the larger the table is.',
  NO_RETENTION: 'Nothing deletes old rows of the table: it grows until the disk is full.',
  NO_COMPRESSION:
    'Nothing compresses old rows of the table: they take ten to twenty times the disk.',
  NO_UNIQUE_KEY: 'The table has no unique key: a record that is delivered twice is in it twice.',
  MEMBER_IDLE: 'A consumer group has more members than partitions: this one gets nothing to read.',
  QOS_0_NOT_STORED:
    'QoS 0 has no acknowledgement, so nothing is kept until a sink has stored it, whatever the option says.',
  JOIN_EXCEEDS_IN_FLIGHT:
    'A join or batch node waits for more than the source may have in flight: the flow stands still.'
} as const

export type CheckCode = keyof typeof CHECK_CODES

/** The codes in a text where they are separated by commas or spaces. */
export const codesOf = (text: unknown): string[] =>
  typeof text === 'string' ? text.split(/[\s,]+/).filter(code => code !== '') : []

/** What is wrong with such a text. */
export const unknownChecks = (text: string): string[] =>
  codesOf(text)
    .filter(code => !Object.hasOwn(CHECK_CODES, code))
    .map(code => `there is no check "${code}"`)
