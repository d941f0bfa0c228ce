/**
 * PGlite has one session, so only one client at a time may use it. A turn lasts from a client's
 * first message until the server is idle again: a transaction is one turn, and transactions of
 * different clients do not mix.
 */
export class Turns<Client> {
  private owner: Client | undefined
  private readonly waiting: { client: Client; go: () => void }[] = []

  get current(): Client | undefined {
    return this.owner
  }

  get waitingCount(): number {
    return this.waiting.length
  }

  /**
   * Resolves when it is the client's turn; at once when it has it already. Who came first goes
   * first.
   */
  take(client: Client): Promise<void> {
    if (this.owner === undefined) this.owner = client
    if (this.owner === client) return Promise.resolve()
    return new Promise(go => this.waiting.push({ client, go }))
  }

  /** Ends the client's turn. Does nothing when it has none. */
  give(client: Client): void {
    if (this.owner !== client) return
    const next = this.waiting.shift()
    this.owner = next?.client
    next?.go()
  }
}
