/**
 * The headers of a dead letter: what Millrace notes of a rejection on the Kafka message that keeps
 * it. Whoever writes, reads, replays or shows dead letters takes the names from here;
 * docs/dead-letters.md is made from this list.
 */

/** Every header that Millrace sets begins so; all others are those of the original message. */
export const NOTE = 'millrace.'

export const HEADER = {
  code: 'millrace.reason.code',
  message: 'millrace.reason.message',
  path: 'millrace.reason.path',
  stage: 'millrace.stage',
  attempts: 'millrace.attempts',
  originKind: 'millrace.origin.kind',
  originTopic: 'millrace.origin.topic',
  originPartition: 'millrace.origin.partition',
  originOffset: 'millrace.origin.offset',
  messageId: 'millrace.message.id',
  place: 'millrace.message.place',
  truncated: 'millrace.truncated',
  truncatedDigest: 'millrace.truncated.sha256',
  replays: 'millrace.replays'
} as const

export type HeaderName = (typeof HEADER)[keyof typeof HEADER]

/** What each header says, and when it is there. All values are UTF-8 text. */
export const MEANING: Readonly<Record<HeaderName, string>> = {
  [HEADER.code]: 'Why the record was rejected: one of the codes in reasons.md.',
  [HEADER.message]: 'The same as a sentence, with the value concerned.',
  [HEADER.path]: 'The field concerned, where there is one.',
  [HEADER.stage]: 'The type of the node that rejected it, without `millrace-`.',
  [HEADER.attempts]: 'How often the flow had tried, where it failed to deal with the record.',
  [HEADER.originKind]:
    'Where the record came from: `mqtt`, `kafka`, `simulator`, or `flow` for what other nodes brought.',
  [HEADER.originTopic]: 'The topic it came from.',
  [HEADER.originPartition]: 'The partition it came from, where that is Kafka.',
  [HEADER.originOffset]: 'Its offset there.',
  [HEADER.messageId]:
    'Of a record that is part of a message which did not come from Kafka: the same for all its parts, so that it is replayed once.',
  [HEADER.place]:
    'Where in the message the record stands, such as `values.3`, where it is not all of it.',
  [HEADER.truncated]:
    'How many bytes the value had, where the topic takes no more than its beginning, or letters of other parts of the same message have 16 MB of its bytes already. Such a letter is not replayed.',
  [HEADER.truncatedDigest]: 'SHA-256 of the whole value in hexadecimal, where it was cut.',
  [HEADER.replays]: 'How often the record was replayed before it was rejected again.'
}
