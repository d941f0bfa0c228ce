/** How the subject of a topic's values is named. */
export interface SubjectNaming {
  readonly subjectBy: string
  readonly topic: string
  /** The full name of the type of the records. */
  readonly recordType: string
}

/** Under which name a registry has the schema, by the strategies of Confluent's serializers. */
export function subjectOf({ subjectBy, topic, recordType }: SubjectNaming): string {
  if (subjectBy === 'record') return recordType
  return subjectBy === 'both' ? `${topic}-${recordType}` : `${topic}-value`
}
