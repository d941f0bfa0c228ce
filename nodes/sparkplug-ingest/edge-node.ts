import { createHash } from 'node:crypto'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { Integer } from '../../core/sparkplug/types.ts'
import type { ArrivalOutcome, SparkplugArrival, StatusEntry } from './arrival.ts'
import { Birth, sessionNumber } from './births.ts'
import { SentAgain } from './sent-again.ts'

/** What an edge node needs of its host. */
export interface Surroundings {
  /** How long a message may be missing before the order counts as broken. */
  readonly reorderMs: number
  /** How long a message waits for the birth that it needs. */
  readonly holdMs: number
  readonly birthValues: boolean
  readonly tellsStatus: boolean
  /** A message has come to its end. */
  settled(arrival: SparkplugArrival, fate: Fate): void
  /** Asks for births, not before this time. */
  ask(node: EdgeNode, fromMs: number): void
  /** The birth of the edge node has come. */
  born(node: EdgeNode): void
  /** Since when the birth is being waited for; undefined while it has not been asked for yet. */
  waitsSince(node: EdgeNode, arrival: SparkplugArrival): number | undefined
  /** So many more messages are held, of so many bytes; false if there is no room for them. */
  hold(messages: number, bytes: number): boolean
  /** So many more metrics are known; false if there is no room for them. */
  know(metrics: number): boolean
}

/** What is to become of a message, as far as its edge node says. */
export type Fate = Partial<Pick<ArrivalOutcome, 'entries' | 'reading' | 'duplicates' | 'filtered'>>

/** The edge node itself, among its devices. */
const ITSELF = ''

/**
 * What the host knows of one edge node: its session, its births, and what of its messages waits.
 *
 * It is in step from a birth on, as long as the sequence numbers have no gap. After a gap a birth
 * may have been missed, and with it what an alias stands for; then its messages wait for the next
 * one, and are read by that.
 */
export class EdgeNode {
  #isInStep = false
  #isOnline: boolean | undefined
  #session: Integer | undefined
  /** The session whose status was told last. */
  #toldSession: Integer | undefined
  readonly #devicesOnline = new Set<string>()
  #lastBirth = ''
  #expected = 0
  readonly #births = new Map<string, Birth>()
  readonly #again = new SentAgain()
  /** Came too early, since the first of them. */
  #early: SparkplugArrival[] = []
  #earlySinceMs = 0
  /** Waits for a birth, in the order of arrival. */
  #held: SparkplugArrival[] = []

  constructor(
    readonly group: string,
    readonly edgeNode: string,
    private readonly host: Surroundings
  ) {}

  /** Messages of it wait. */
  get isWaiting(): boolean {
    return this.#early.length + this.#held.length > 0
  }
  /** Nothing is lost where it is forgotten. */
  get isIdle(): boolean {
    return this.#isOnline !== true && !this.isWaiting
  }
  get isOnline(): boolean {
    return this.#isOnline === true
  }

  receive(arrival: SparkplugArrival): void {
    const { type } = arrival.address
    if (type === 'NBIRTH') this.#born(arrival)
    else if (type === 'NDEATH') this.#died(arrival)
    else if (this.#isInStep) this.#inOrder(arrival)
    else this.#hold(arrival)
  }

  /** The host was away, so anything may have been missed. */
  lostSight(): void {
    this.#isInStep = false
    this.#session = undefined
    this.#held.push(...this.#earlyInOrder())
  }

  tick(nowMs: number): void {
    if (this.#early.length > 0 && nowMs - this.#earlySinceMs >= this.host.reorderMs)
      this.#outOfStep(nowMs)
    while (this.#held.length > 0) {
      const sinceMs = this.host.waitsSince(this, this.#held[0]!)
      if (sinceMs === undefined || nowMs - sinceMs < this.host.holdMs) return
      for (const first of this.#let(this.#held.splice(0, 1))) this.#readAlone(first)
    }
  }

  /** Nothing more comes: what waits is read as far as that goes. */
  end(): void {
    this.#held.push(...this.#earlyInOrder())
    for (const arrival of this.#let(this.#held.splice(0))) this.#readAlone(arrival)
  }

  #born(arrival: SparkplugArrival): void {
    const digest = createHash('sha1').update(arrival.packet.payload).digest('base64')
    if (this.#isInStep && digest === this.#lastBirth) {
      this.#leaveOut(arrival)
      return
    }
    this.#lastBirth = digest
    this.#session = sessionNumber(arrival.payload)
    this.#isInStep = true
    this.#expected = (Number(arrival.payload.seq ?? 0) + 1) & 0xff
    this.#forgetBirths()
    const waiting = this.#let([...this.#early.splice(0), ...this.#held.splice(0)])
    const isLater = (other: SparkplugArrival) => isOfSession(other, arrival, this.host.reorderMs)
    this.#know(ITSELF, arrival)
    for (const old of waiting.filter(other => !isLater(other))) this.#readLate(old)
    const isNews = this.#isOnline !== true || this.#session !== this.#toldSession
    this.#isOnline = true
    this.#toldSession = this.#session
    this.#settleBirth(arrival, isNews)
    this.host.born(this)
    const later = waiting.filter(isLater).sort((a, b) => this.#distance(a) - this.#distance(b))
    for (const next of later) this.#inOrder(next)
  }

  /** The death of a session that a birth has ended already is not that of the new one. */
  #died(arrival: SparkplugArrival): void {
    const session = sessionNumber(arrival.payload)
    const isOld =
      this.#isInStep &&
      this.#session !== undefined &&
      session !== undefined &&
      BigInt(session) !== BigInt(this.#session)
    if (isOld || this.#isOnline === false) {
      this.host.settled(arrival, { filtered: 1 })
      return
    }
    this.end()
    const gone = [undefined, ...this.#devicesOnline].map(device =>
      status(device, false, arrival.clockMs)
    )
    this.#isInStep = false
    this.#isOnline = false
    this.#session = undefined
    this.#devicesOnline.clear()
    this.#forgetBirths()
    this.host.settled(arrival, { entries: this.host.tellsStatus ? gone : [] })
  }

  #inOrder(arrival: SparkplugArrival): void {
    if (Number(arrival.payload.seq ?? 0) > 0xff) {
      const failure = new ParseFailure('FORMAT_INVALID', 'The sequence number is above 255.')
      this.host.settled(arrival, { entries: [{ kind: 'failed', failure }] })
      return
    }
    if (this.#distance(arrival) === 0) {
      this.#next(arrival)
      this.#followers()
    } else if (this.#again.has(arrival) || this.#early.some(other => isSame(other, arrival)))
      this.#leaveOut(arrival)
    else {
      if (this.#early.length === 0) this.#earlySinceMs = arrival.atMs
      this.#early.push(arrival)
      const hasRoom = this.host.hold(1, arrival.packet.payload.length)
      if (!hasRoom || this.host.reorderMs === 0 || this.#early.length > 0xff)
        this.#outOfStep(arrival.atMs)
    }
  }

  #distance = ({ payload }: SparkplugArrival): number =>
    (Number(payload.seq ?? 0) - this.#expected) & 0xff

  /** Those that came early and whose turn it is now. */
  #followers(): void {
    if (this.#early.length === 0) return
    for (;;) {
      const at = this.#early.findIndex(arrival => this.#distance(arrival) === 0)
      if (at < 0) break
      this.#next(this.#let(this.#early.splice(at, 1))[0]!)
    }
    if (this.#early.length > 0) this.#earlySinceMs = this.#early[0]!.atMs
  }

  #next(arrival: SparkplugArrival): void {
    this.#expected = (this.#expected + 1) & 0xff
    this.#again.note(arrival)
    const { type, device = ITSELF } = arrival.address
    if (type === 'DBIRTH') this.#deviceBorn(arrival, device)
    else if (type === 'DDEATH') this.#deviceDied(arrival, device)
    else if (this.#births.has(device))
      this.#settleData(arrival, device, () => this.host.ask(this, arrival.atMs))
    else this.#hold(arrival)
  }

  #deviceBorn(arrival: SparkplugArrival, device: string): void {
    const isNews = !this.#devicesOnline.has(device)
    if (this.#know(device, arrival)) this.#devicesOnline.add(device)
    const of = this.#held.filter(({ address }) => address.device === device)
    this.#held = this.#held.filter(({ address }) => address.device !== device)
    for (const old of this.#let(of)) this.#readLate(old)
    this.#settleBirth(arrival, isNews)
  }

  #deviceDied(arrival: SparkplugArrival, device: string): void {
    this.#forget(device)
    this.#devicesOnline.delete(device)
    this.#tellDeath(arrival, device)
  }

  #tellDeath(arrival: SparkplugArrival, device: string): void {
    const gone = status(device, false, arrival.payload.timestamp ?? arrival.clockMs)
    this.host.settled(arrival, { entries: this.host.tellsStatus ? [gone] : [] })
  }

  #settleBirth(arrival: SparkplugArrival, isNews: boolean): void {
    const { birthValues, tellsStatus } = this.host
    const { address, payload, clockMs } = arrival
    const come = status(address.device, true, payload.timestamp ?? clockMs)
    const birth = this.#births.get(address.device ?? ITSELF)
    this.host.settled(arrival, {
      entries: isNews && tellsStatus ? [come] : [],
      reading: { birth, isSure: true, leavesValuesOut: !birthValues, lacksAlias() {} }
    })
  }

  /** Its metrics are read later: by then `lacking` may be of a birth that counts no more. */
  #settleData(arrival: SparkplugArrival, device: string, lacking = () => {}): void {
    const birth = this.#births.get(device)
    const lacksAlias = () => {
      if (this.#births.get(device) === birth) lacking()
    }
    const reading = { birth, isSure: true, leavesValuesOut: false, lacksAlias }
    this.host.settled(arrival, { reading })
  }

  #outOfStep(nowMs: number): void {
    this.#isInStep = false
    this.#held.push(...this.#earlyInOrder())
    this.host.ask(this, nowMs)
  }

  #earlyInOrder(): SparkplugArrival[] {
    return this.#early.splice(0).sort((a, b) => this.#distance(a) - this.#distance(b))
  }

  /** Births may come a moment after what needs them, so they are not asked for at once. */
  #hold(arrival: SparkplugArrival): void {
    this.#held.push(arrival)
    if (!this.host.hold(1, arrival.packet.payload.length))
      for (const first of this.#let(this.#held.splice(0, 1))) this.#readAlone(first)
    this.host.ask(this, arrival.atMs + this.host.reorderMs)
  }

  /** These wait no longer. */
  #let(arrivals: SparkplugArrival[]): SparkplugArrival[] {
    for (const { packet } of arrivals) this.host.hold(-1, -packet.payload.length)
    return arrivals
  }

  /** What had waited for this birth; a device's waits on for the device's own. */
  #readLate(arrival: SparkplugArrival): void {
    const { type, device = ITSELF } = arrival.address
    if (!this.#births.has(device)) this.#hold(arrival)
    else if (type === 'NDATA' || type === 'DDATA') this.#settleData(arrival, device)
    else this.#readAlone(arrival)
  }

  /** What names itself and says its datatypes needs no birth. */
  #readAlone(arrival: SparkplugArrival): void {
    const { type, device } = arrival.address
    if (type === 'DDEATH') {
      this.#tellDeath(arrival, device!)
      return
    }
    const isBirth = type === 'DBIRTH'
    const birth = isBirth ? birthIn(arrival) : this.#births.get(device ?? ITSELF)
    const leavesValuesOut = isBirth && !this.host.birthValues
    const reading = { birth, isSure: isBirth, leavesValuesOut, lacksAlias() {} }
    this.host.settled(arrival, { reading })
  }

  /** It came before. */
  #leaveOut(arrival: SparkplugArrival): void {
    this.host.settled(arrival, { duplicates: Math.max(1, arrival.payload.metrics.length) })
  }

  /** False if so many metrics are known already that these are not. */
  #know(device: string, arrival: SparkplugArrival): boolean {
    this.#forget(device)
    const birth = birthIn(arrival)
    const hasRoom = this.host.know(birth.size)
    if (hasRoom) this.#births.set(device, birth)
    else this.host.know(-birth.size)
    return hasRoom
  }

  #forget(device: string): void {
    const birth = this.#births.get(device)
    if (birth === undefined) return
    this.host.know(-birth.size)
    this.#births.delete(device)
  }

  #forgetBirths(): void {
    for (const device of [...this.#births.keys()]) this.#forget(device)
  }
}

const status = (
  device: string | undefined,
  isOnline: boolean,
  ts: number | bigint
): StatusEntry => ({ kind: 'status', device, isOnline, ts })

const birthIn = ({ birth, payload }: SparkplugArrival): Birth => birth ?? Birth.of(payload)

const isSame = (one: SparkplugArrival, other: SparkplugArrival): boolean =>
  one.packet.topic === other.packet.topic &&
  (one.packet.payload as Buffer).equals(other.packet.payload as Buffer)

/** A message that came a moment before a birth and was sent after it. */
function isOfSession(other: SparkplugArrival, birth: SparkplugArrival, reorderMs: number): boolean {
  const [sent, born] = [other.payload.timestamp, birth.payload.timestamp]
  if (sent === undefined || born === undefined) return false
  return sent >= born && birth.atMs - other.atMs <= reorderMs
}
