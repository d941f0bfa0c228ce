import { createHash } from 'node:crypto'
import type { Batch, Provenance, Taken } from '../record/record.ts'
import type { Answer } from './answer.ts'

/** By which the store knows the records of one thing that a source took. */
const NAME = 'm:'
/** The server sends again first what it has: so many others in a row, and it has sent all. */
const MISSES = 1_000
/** Where a longer one stands in what was taken is known by a hash of that. */
const MAX_PLACE = 64

type Saved = readonly [source: string, identity: string, answer: Answer | null]

/** A record that was counted, of something that its source has taken and not settled. */
interface Given {
  readonly source: string
  readonly provenance: Provenance
  readonly answer: Answer | null
}

/** A record that is looked up. */
interface Asked {
  readonly source: string
  readonly provenance: Provenance
  readonly taken: object | undefined
}

/** Something that a source has taken and not settled. */
interface Open {
  readonly source: string
  /** Counted since the last checkpoint. */
  added: Given[]
  /** Counted before, and under which names it stands in the store. */
  readonly saved: Saved[]
  readonly names: string[]
}

/**
 * Records of MQTT that were counted and are not settled: after a crash, or when the connection was
 * lost, the server sends them again. They are known by their content, since nothing else of them
 * stays the same.
 */
export class Unsettled {
  readonly #open = new Map<object, Open>()
  readonly #changed = new Set<Open>()
  #number = 0
  #gone: string[] = []
  /** What its source has lost, by source and content, and the names of it in the store. */
  readonly #recalled = new Map<string, Map<string, (Answer | null)[]>>()
  #isRecalledOther = false
  #recalledNames: string[] = []
  #misses = 0
  /** Lost by its source, while a node may still be taking the records of it. */
  #dropped = new WeakSet<object>()

  /** A record of this was counted. @param taken what the source took, the same at each attempt */
  add(taken: object, given: Given): void {
    if (this.#dropped.has(taken)) {
      this.#isRecalledOther = true
      this.#remember(savedOf(given))
      return
    }
    let open = this.#open.get(taken)
    if (open === undefined) {
      open = { source: given.source, added: [], saved: [], names: [] }
      this.#open.set(taken, open)
    }
    open.added.push(given)
    this.#changed.add(open)
  }

  /** The source has settled it: it does not come again. True if the store has to forget it. */
  settled(taken: object): boolean {
    const open = this.#open.get(taken)
    if (open === undefined) return false
    this.#open.delete(taken)
    this.#changed.delete(open)
    this.#gone.push(...open.names)
    return open.names.length > 0
  }

  /** The source has lost what it took of this lane. */
  dropped(source: string, lane: string): void {
    this.#misses = 0
    for (const [taken, open] of this.#open) {
      if (open.source !== source || (taken as { lane?: unknown }).lane !== lane) continue
      this.#open.delete(taken)
      this.#changed.delete(open)
      this.#dropped.add(taken)
      this.#recalledNames.push(...open.names)
      this.#isRecalledOther = true
      for (const each of [...open.saved, ...open.added.map(savedOf)]) this.#remember(each)
    }
  }

  /**
   * What was answered to a record that its source has lost, null where nothing was; undefined if it
   * is not known. Each is known once.
   */
  recall({ source, provenance, taken }: Asked): Answer | null | undefined {
    const ofSource = this.#recalled.get(source)
    // What was lost while it is taken has not come again.
    if (ofSource === undefined || (taken && this.#dropped.has(taken))) return undefined
    const identity = identityOf(provenance)
    const answers = ofSource.get(identity)
    if (answers === undefined) {
      if (++this.#misses >= MISSES) this.#forgetRecalled()
      return undefined
    }
    this.#misses = 0
    this.#isRecalledOther = true
    const answer = answers.shift()
    if (answers.length === 0) ofSource.delete(identity)
    if (ofSource.size === 0) this.#recalled.delete(source)
    return answer
  }

  changes(changes: Map<string, string | undefined>): void {
    for (const name of this.#gone) changes.set(name, undefined)
    this.#gone = []
    if (this.#isRecalledOther) this.#writeRecalled(changes)
    for (const open of this.#changed) {
      const saved = open.added.map(savedOf)
      open.added = []
      const name = `${NAME}${++this.#number}`
      open.names.push(name)
      open.saved.push(...saved)
      changes.set(name, JSON.stringify(saved))
    }
    this.#changed.clear()
  }

  load(name: string, value: string): void {
    if (!name.startsWith(NAME)) return
    this.#number = Math.max(this.#number, Number(name.slice(NAME.length)))
    this.#recalledNames.push(name)
    for (const each of JSON.parse(value) as Saved[]) this.#remember(each)
  }

  clear(): void {
    this.#open.clear()
    this.#changed.clear()
    this.#recalled.clear()
    this.#gone = []
    this.#recalledNames = []
    this.#misses = 0
    this.#dropped = new WeakSet()
  }

  #remember([source, identity, answer]: Saved): void {
    const ofSource = this.#recalled.get(source) ?? new Map<string, (Answer | null)[]>()
    this.#recalled.set(source, ofSource)
    const answers = ofSource.get(identity)
    if (answers === undefined) ofSource.set(identity, [answer])
    else answers.push(answer)
  }

  /** What was lost and has not come again, under one name. */
  #writeRecalled(changes: Map<string, string | undefined>): void {
    this.#isRecalledOther = false
    for (const name of this.#recalledNames) changes.set(name, undefined)
    this.#recalledNames = []
    const saved: Saved[] = []
    for (const [source, ofSource] of this.#recalled)
      for (const [identity, answers] of ofSource)
        for (const answer of answers) saved.push([source, identity, answer])
    if (saved.length === 0) return
    const name = `${NAME}${++this.#number}`
    this.#recalledNames.push(name)
    changes.set(name, JSON.stringify(saved))
  }

  #forgetRecalled(): void {
    this.#recalled.clear()
    this.#isRecalledOther = true
    this.#misses = 0
  }
}

const savedOf = ({ source, provenance, answer }: Given): Saved => [
  source,
  identityOf(provenance),
  answer
]

/** By the topic, the bytes, and where in them the record stands. */
function identityOf({ batch, index, place }: Provenance): string {
  const content = contentOf(batch, index)
  if (place === undefined) return content
  if (place.length <= MAX_PLACE) return `${content}/${place}`
  return createHash('sha256').update(content).update(place).digest('base64')
}

const contents = new WeakMap<Batch, string[]>()

/** Many records may be of one thing, which is as long as all of them: it is hashed once. */
function contentOf(batch: Batch, index: number): string {
  let known = contents.get(batch)
  if (known === undefined) {
    known = []
    contents.set(batch, known)
  }
  known[index] ??= digestOf(batch.at(index))
  return known[index]
}

function digestOf({ origin, raw }: Taken): string {
  const topic = 'topic' in origin ? origin.topic : ''
  const hash = createHash('sha256').update(topic).update('\0\0')
  return hash.update(raw ?? '').digest('base64')
}
