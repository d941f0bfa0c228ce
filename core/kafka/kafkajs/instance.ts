import { connect as connectNet, isIP, Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { ISocketFactory, Kafka, KafkaConfig, LogEntry } from 'kafkajs'
import { pause } from '../../backoff.ts'
import { endOnRubbish } from '../../end-on-rubbish.ts'
import { MillraceError } from '../../errors.ts'
import { KafkaError, type TroubleEvents } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { causesOf, connectSentence, protocolErrorOf } from './connect-errors.ts'
import { kafkajs } from './kafkajs.ts'
import { saslOf } from './sasl.ts'

/** Retries of kafkajs for one request: with waits of 0.1 to 1 s about 30 s in all. */
export const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 } as const
const REQUEST_TIMEOUT_MS = 10_000
const CONNECTION_TIMEOUT_MS = 3_000
const KEEP_ALIVE_MS = 60_000

export interface InstanceEvents extends TroubleEvents {
  /** Every line that kafkajs would log as an error. */
  log?(entry: LogEntry): void
}

/**
 * One kafkajs instance and the sockets it opens. kafkajs waits up to 58 s for a peer that is gone
 * before it closes, so `close` ends its sockets instead.
 */
export class KafkajsInstance {
  readonly kafka: Kafka
  readonly #sockets = new Set<Socket>()
  #firstBytes: Buffer = Buffer.alloc(0)
  #connected = false
  #closing = false
  #ended = false

  constructor(
    readonly settings: ClusterSettings,
    private readonly events: InstanceEvents = {},
    config: Partial<Pick<KafkaConfig, 'retry' | 'requestTimeout'>> = {}
  ) {
    const { Kafka, logLevel } = kafkajs()
    const { sasl, tls } = settings
    this.kafka = new Kafka({
      clientId: settings.clientId,
      brokers: [...settings.brokers],
      ...(tls ? { ssl: tls } : {}),
      ...(sasl ? { sasl: saslOf(sasl) } : {}),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      retry: RETRY,
      ...config,
      logLevel: logLevel.ERROR,
      logCreator: () => entry => this.#log(entry),
      socketFactory: this.#open
    })
  }

  /** The error in words, with what the sockets heard. */
  explain(error: unknown): MillraceError {
    const ours = causesOf(error).find(link => link instanceof MillraceError)
    if (ours !== undefined) return ours
    const heard = { firstBytes: this.#firstBytes, connected: this.#connected }
    const sentence = connectSentence(error, this.settings, heard)
    return new KafkaError('KAFKA_CONNECT_FAILED', sentence, protocolErrorOf(error), {
      cause: error
    })
  }

  /** What the work gives, with its error in words. */
  async inWords<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw this.explain(error)
    }
  }

  /**
   * Ends within about 2 s, even when the other side is dead. `disconnect` is the polite end; it
   * gets `graceMs` before the sockets are destroyed.
   */
  async close(
    disconnect: () => Promise<unknown> = async () => undefined,
    graceMs = 1_000
  ): Promise<void> {
    this.#closing = true
    let done = false
    const polite = disconnect()
      .catch(() => undefined)
      .finally(() => {
        done = true
      })
    for (let round = 0; round < 4 && !done; round++) {
      await Promise.race([polite, pause(round === 0 ? graceMs : 500, { unref: true })])
      if (!done) this.#destroySockets()
    }
    this.#ended = true
    this.#destroySockets()
  }

  #destroySockets(): void {
    for (const socket of this.#sockets)
      socket.destroy(new Error('The connection is being closed here'))
  }

  readonly #open: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.#ended) return refusedSocket()
    const connected = () => {
      this.#connected = true
      onConnect()
    }
    const socket = ssl
      ? connectTls(
          {
            host,
            port,
            ...(isIP(host) ? {} : { servername: host }),
            ...(ssl as ConnectionOptions)
          },
          connected
        )
      : connectNet({ host, port }, connected)
    this.#firstBytes = Buffer.alloc(0)
    this.#connected = false
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.once('data', (bytes: Buffer) => {
      this.#firstBytes = bytes.subarray(0, 16)
    })
    unrefOnce(socket)
    endOnRubbish(socket)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  #log(entry: LogEntry): void {
    this.events.log?.(entry)
    const { error, message } = entry.log
    // What a broker answers is told by the rejection of the request, in better words.
    if (
      this.#closing ||
      this.events.trouble === undefined ||
      !TROUBLE.has(entry.namespace) ||
      message.startsWith('Response ')
    )
      return
    const text = typeof error === 'string' ? error : message
    if (text.includes(UNKNOWN_TOPIC)) {
      this.events.trouble(
        new MillraceError('KAFKA_TOPIC_MISSING', 'The topic does not exist, or not any more.')
      )
    } else this.events.trouble(this.explain(new Error(text)))
  }
}

const TROUBLE = new Set(['Connection', 'BrokerPool', 'Producer'])
/** kafkajs' text for UNKNOWN_TOPIC_OR_PARTITION. */
const UNKNOWN_TOPIC = 'does not host this topic-partition'

/**
 * kafkajs unrefs the socket each time a connection is to end, and where a broker is away each try
 * ends it once more. Of a socket that is closed each call is a listener, and Node warns of more
 * than ten (MaxListenersExceededWarning).
 */
export function unrefOnce(socket: Socket): void {
  const unref = socket.unref.bind(socket)
  socket.unref = () => {
    socket.unref = () => socket
    return unref()
  }
}

/** A retry of kafkajs that outlives its client must not reach the broker again. */
function refusedSocket(): Socket {
  const socket = new Socket()
  unrefOnce(socket)
  process.nextTick(() => socket.destroy(new Error('This client is closed')))
  return socket
}
