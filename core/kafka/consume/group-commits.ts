import type { GroupMember } from '../port.ts'
import type { GroupLedgers } from './group-ledgers.ts'

/** Commits what a member of a group has dealt with, one commit at a time. */
export class GroupCommits {
  #underWay: Promise<void> | undefined

  constructor(private readonly ledgers: GroupLedgers) {}

  get underWay(): Promise<void> | undefined {
    return this.#underWay
  }

  /**
   * Commits what is due, unless a commit is under way. One that fails is made up for by the next.
   */
  async now(member: GroupMember | undefined, isCurrent: () => boolean): Promise<void> {
    if (this.#underWay !== undefined || member === undefined) return
    const due = this.ledgers.due()
    if (due === undefined) return
    this.#underWay = member.commit(due.offsets).then(
      () => {
        // Of a generation that is over nothing is known any more.
        if (isCurrent()) due.committed()
      },
      () => undefined
    )
    await this.#underWay
    this.#underWay = undefined
  }
}
