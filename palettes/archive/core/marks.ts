/** An offset, and when Kafka got its record, in milliseconds since 1970: it never has another. */
export type Mark = readonly [offset: number, kafkaMs: number]

/** Of one set of files: where a topic begins is where one that was made anew is recognised. */
const MOST_OF_FILES = 48
const FIRST = 4 * MOST_OF_FILES
const NEWEST = 64

/** The first records of a set of files. */
export class FirstMarks {
  readonly all: Mark[] = []

  add(offset: number, kafkaMs: number): void {
    if (this.all.length < MOST_OF_FILES && Number.isFinite(kafkaMs))
      this.all.push([offset, kafkaMs])
  }
}

/** Those of all files: the oldest and the newest of them stay. */
export function joinedMarks(before: readonly Mark[], added: readonly Mark[]): readonly Mark[] {
  const all = [...before, ...added]
  return all.length > FIRST + NEWEST ? [...all.slice(0, FIRST), ...all.slice(-NEWEST)] : all
}
