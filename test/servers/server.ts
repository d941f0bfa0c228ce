/** An MQTT server that the suite is put to: ours, or one of others. */
import type { CertificatePaths } from '../../stack/services.ts'

export interface Endpoints extends CertificatePaths {
  /** For anonymous clients, and for the users of stack/services.ts with their passwords. */
  readonly url: string
  /** With TLS, with the passwords. */
  readonly tlsUrl: string
  /** With TLS and a client certificate. */
  readonly mtlsUrl: string
  /** The first two by WebSocket. */
  readonly wsUrl: string
  readonly wssUrl: string
}

/**
 * What servers do differently, each within what MQTT 5 allows or beyond it; docs/systems.md has the
 * same for people.
 */
export interface Traits {
  /**
   * SUBACK has a reason code of 0x80 and more where the user may not subscribe; else it is granted
   * and nothing comes.
   */
  readonly refusesSubscriptions: boolean
  /** What it has acknowledged is on disk: kill -9 takes nothing. Else it writes now and then. */
  readonly keepsWhatItAcknowledged: boolean
  /**
   * Sends the next messages while the former are not acknowledged, as many as the client allows.
   */
  readonly sendsAhead: boolean
  /** The members of a shared group take turns; else one may get all. */
  readonly sharesEvenly: boolean
  /** A member of a shared group that leaves for good gives back what it had not acknowledged. */
  readonly passesOnToTheGroup: boolean
  /** Sends again under the same packet id, in order, with DUP (MQTT 5.0, 4.4 and 4.6). */
  readonly resendsInOrder: boolean
}

export interface MqttServer extends Traits {
  readonly name: string
  start(): Promise<Endpoints>
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again after `kill`, with the same ports and data. */
  restart(): Promise<void>
  /** Where it writes only now and then: resolves when all of now is on disk. */
  saved(): Promise<void>
  /** No more use of it. */
  end(): Promise<void>
}
