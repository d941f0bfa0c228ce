import type { HeldPart } from '../../../core/delivery/held-lanes.ts'
import type { Delivery, OpenOptions, Settlement, Tracker } from '../../../core/delivery/types.ts'

export interface ScriptedDelivery {
  readonly message: { payload?: unknown }
  readonly options: OpenOptions
  settle(settlement: Settlement): void
}

/** A tracker whose deliveries end as the test says, for what a source makes of it. */
export class ScriptedTracker implements Tracker {
  readonly open_: ScriptedDelivery[] = []
  readonly ended_: object[] = []
  deploying = false
  registered = 0
  #after: (() => void)[] = []

  get openCount(): number {
    return this.open_.length
  }
  get last(): ScriptedDelivery {
    return this.open_.at(-1)!
  }
  open(message: object, _nodeId: string, options: OpenOptions): Delivery {
    const remove = () => {
      const index = this.open_.indexOf(scripted)
      if (index >= 0) this.open_.splice(index, 1)
      return index >= 0
    }
    const settle = (settlement: Settlement) => {
      if (remove()) options.onSettled(settlement)
    }
    const scripted: ScriptedDelivery = { message, options, settle }
    this.open_.push(scripted)
    return {
      sent() {},
      abandon: () => settle({ kind: 'abandon', error: { code: 'CLOSED', message: 'closed' } })
    }
  }
  register(): () => void {
    this.registered++
    return () => this.registered--
  }
  afterDeployment(callback: () => void): void {
    this.#after.push(callback)
  }
  flowsStarted(): void {
    this.deploying = false
    for (const callback of this.#after.splice(0)) callback()
  }
  confirm(): void {}
  transactionOf(): undefined {}
  isFollowed(): boolean {
    return true
  }
  fail(): void {}
  touch(): void {}
  isGivenUp(): boolean {
    return false
  }
  isPartlyGivenUp(): boolean {
    return false
  }
  attemptOf(): undefined {}
  sourceOf(): undefined {}
  takenOf(): undefined {}
  settledBefore(): undefined {}
  backlogOf(): undefined {}
  laneDropped(): void {}
  whenLaneDropped(): () => void {
    return () => {}
  }
  ended(taken: object): void {
    this.ended_.push(taken)
  }
  whenEnded(): () => void {
    return () => {}
  }
  lanesAssigned(): void {}
  whenLanesAssigned(): () => void {
    return () => {}
  }
  holdLanes(): () => void {
    return () => {}
  }
  lanePassed(_part: object, { letGo }: HeldPart): void {
    letGo()
  }
  readAgainOf(): () => void {
    return () => {}
  }
  whenSettled(): void {}
}

export const acknowledged = (
  records: number,
  counts: { rejected?: number; duplicates?: number; filtered?: number } = {}
): Settlement => {
  const { rejected = 0, duplicates = 0, filtered = 0 } = counts
  return {
    kind: 'acknowledge',
    stored: records - rejected - duplicates - filtered,
    rejected,
    duplicates,
    filtered
  }
}
export const failed: Settlement = {
  kind: 'retry',
  error: { code: 'ECONNREFUSED', message: 'the sink is away' }
}
export const abandoned: Settlement = {
  kind: 'abandon',
  error: { code: 'CLOSED', message: 'redeployed' }
}
