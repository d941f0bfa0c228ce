import { backoffMs } from '../../core/backoff.ts'
import type { Tracker } from '../../core/delivery/types.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { ms } from './applied.ts'
import { type ClaimedEvent, recordOf } from './event.ts'
import type { Tables } from './schema.ts'
import type { RegistryOptions } from './settings.ts'

/** So many leave in one message. */
const MOST = 200
const CLAIM_S = 30
const RENEW_MS = 10_000
/** As long as the sources of the palette wait for a flow. */
const TIMEOUT_MS = 30_000
const RETRY = { initialMs: 500, maxMs: 30_000 }

export interface EventOutboxOptions {
  readonly database: Database
  readonly tables: Tables
  readonly options: RegistryOptions
  readonly nodeId: string
  readonly tracker: Pick<Tracker, 'open' | 'deploying'>
  /** Whether somebody takes events here. */
  isWired(): boolean
  /** Whether the records that pass come one a message. */
  isSingle(): boolean
  send(message: { readonly payload: unknown }): void
  /** The flow could not take them; they are sent again. */
  failed(events: number): void
  /** There may be more to do. */
  wake(): void
}

interface Sending {
  readonly ids: readonly string[]
  state: 'open' | 'acknowledged' | 'again'
  renewedMs: number
}

/**
 * Sends events from their table, where the transaction has written them that changed the device:
 * each by one Node-RED, again until the flow is done with it. A claim runs out if its holder dies.
 */
export class EventOutbox {
  #sending: Sending | undefined
  #failures = 0
  #notBeforeMs = 0

  constructor(private readonly options: EventOutboxOptions) {}

  /** Sends the next events, once those before are dealt with. */
  async turn(): Promise<void> {
    if (this.#sending !== undefined && !(await this.#settle(this.#sending))) return
    if (!this.options.isWired() || this.options.tracker.deploying) return
    if (performance.now() < this.#notBeforeMs) return
    const events = await this.#claim()
    if (events.length > 0) this.#send(events)
  }

  async #settle(sending: Sending): Promise<boolean> {
    const { database, tables } = this.options
    if (sending.state === 'open') {
      if (performance.now() - sending.renewedMs < RENEW_MS) return false
      sending.renewedMs = performance.now()
      await database.query(
        `UPDATE ${tables.events} SET claimed_until = now() + interval '${CLAIM_S} seconds' WHERE id = ANY ($1)`,
        [sending.ids]
      )
      return false
    }
    const isDone = sending.state === 'acknowledged'
    const set = isDone ? 'sent_at = now()' : "claimed_until = now() - interval '1 s'"
    await database.query(`UPDATE ${tables.events} SET ${set} WHERE id = ANY ($1)`, [sending.ids])
    this.#sending = undefined
    this.#pauseAfter(isDone ? 0 : sending.ids.length)
    return true
  }

  /** What follows does not overtake what failed. */
  #pauseAfter(failed: number): void {
    if (failed === 0) {
      this.#failures = 0
      return
    }
    this.#notBeforeMs = performance.now() + backoffMs(this.#failures++, RETRY)
    this.options.failed(failed)
  }

  async #claim(): Promise<ClaimedEvent[]> {
    const { database, tables } = this.options
    const { rows } = await database.query<ClaimedEvent>(
      `WITH taken AS (
         UPDATE ${tables.events} SET claimed_until = now() + interval '${CLAIM_S} seconds'
         WHERE id IN (SELECT id FROM ${tables.events}
                      WHERE sent_at IS NULL AND (claimed_until IS NULL OR claimed_until < now())
                      ORDER BY id LIMIT ${MOST} FOR UPDATE SKIP LOCKED)
         RETURNING id, at, device_id, event, details)
       SELECT t.id::text AS id, ${ms('t.at', 'at')}, t.device_id AS device, t.event, t.details,
         jsonb_build_object('name', d.name, 'type', d.type, 'site', d.site, 'location', d.location,
           'firmware', d.firmware, 'status', d.status, 'presence', d.presence) AS about
       FROM taken t LEFT JOIN ${tables.devices} d USING (device_id) ORDER BY t.id`
    )
    return rows
  }

  #send(events: readonly ClaimedEvent[]): void {
    const { tracker, nodeId, options, isSingle, send, wake } = this.options
    const sending: Sending = {
      ids: events.map(({ id }) => id),
      state: 'open',
      renewedMs: performance.now()
    }
    this.#sending = sending
    const records = events.map(event => recordOf(event, options))
    const payloads: readonly unknown[] = isSingle() ? records : [records]
    let open = payloads.length
    let failed = false
    for (const payload of payloads) {
      const message = { payload }
      const delivery = tracker.open(message, nodeId, {
        mode: 'finished',
        records: Array.isArray(payload) ? payload.length : 1,
        timeoutMs: TIMEOUT_MS,
        onSettled: ({ kind }) => {
          failed ||= kind !== 'acknowledge'
          if (--open > 0) return
          sending.state = failed ? 'again' : 'acknowledged'
          wake()
        }
      })
      try {
        send(message)
      } finally {
        delivery.sent()
      }
    }
  }
}
