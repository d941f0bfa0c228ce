import { reasonOf } from '../errors.ts'
import { allMetrics } from './metrics.ts'
import { otlpMetrics } from './otlp.ts'

/** As OpenTelemetry names its variables, of which these are taken. */
type Environment = Readonly<Record<string, string | undefined>>

export interface OtlpSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly everyMs: number
  readonly timeoutMs: number
  readonly service: string
}

interface Log {
  info(line: string): void
  warn(line: string): void
}

/**
 * What OpenTelemetry's variables say; undefined where `OTEL_METRICS_EXPORTER` is not `otlp`.
 * @throws Error for what cannot be used
 */
export function otlpSettings(env: Environment): OtlpSettings | undefined {
  if (env.OTEL_METRICS_EXPORTER?.trim() !== 'otlp') return undefined
  const protocol =
    env.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json'
  if (!protocol.startsWith('http/'))
    throw new Error(
      `OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}", but metrics are sent as http/json only, mostly to port 4318.`
    )
  const base = (env.OTEL_EXPORTER_OTLP_ENDPOINT || 'http://127.0.0.1:4318').replace(/\/+$/, '')
  const url = env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || `${base}/v1/metrics`
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new Error(`"${url}" is no address for OTLP.`)
  return {
    url,
    headers: headersIn(
      env.OTEL_EXPORTER_OTLP_METRICS_HEADERS || env.OTEL_EXPORTER_OTLP_HEADERS || ''
    ),
    everyMs: milliseconds(env.OTEL_METRIC_EXPORT_INTERVAL, 60_000),
    timeoutMs: milliseconds(env.OTEL_EXPORTER_OTLP_TIMEOUT, 10_000),
    service: env.OTEL_SERVICE_NAME || 'node-red'
  }
}

/** `name=value,name=value`, with values as in URLs. */
function headersIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').flatMap(each => {
      const at = each.indexOf('=')
      return at > 0
        ? [[each.slice(0, at).trim(), decodeURIComponent(each.slice(at + 1).trim())]]
        : []
    })
  )
}

function milliseconds(text: string | undefined, otherwise: number): number {
  const value = Number(text)
  return text !== undefined && text !== '' && value >= 100 ? value : otherwise
}

/** Sends what is counted again and again; what could not be sent is in what is sent next. */
export class OtlpExport {
  readonly #fromMs = Date.now()
  readonly #timer: NodeJS.Timeout
  #isAway = false
  #isSending = false

  constructor(
    private readonly settings: OtlpSettings,
    private readonly log: Log
  ) {
    this.#timer = setInterval(() => void this.send(), settings.everyMs).unref()
  }

  async send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    const { url, headers, timeoutMs, service } = this.settings
    try {
      const span = { fromMs: this.#fromMs, untilMs: Date.now() }
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(otlpMetrics(allMetrics(), service, span)),
        signal: AbortSignal.timeout(timeoutMs)
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`it answers ${response.status}`)
      if (this.#isAway) this.log.info(`Metrics are sent to ${placeOf(url)} again.`)
      this.#isAway = false
    } catch (error) {
      const cause = error instanceof TypeError && error.cause ? error.cause : error
      if (!this.#isAway)
        this.log.warn(
          `Metrics cannot be sent to ${placeOf(url)}: ${reasonOf(cause)}. They are sent as soon as it takes them.`
        )
      this.#isAway = true
    } finally {
      this.#isSending = false
    }
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/** Without what may be secret in it. */
const placeOf = (url: string): string => new URL(url).host

let running: OtlpExport | undefined
let isLooked = false

/** Begins once a process, where the environment asks for it. */
export function exportMetrics(log: Log, env: Environment = process.env): void {
  if (isLooked) return
  isLooked = true
  try {
    const settings = otlpSettings(env)
    if (settings !== undefined) running = new OtlpExport(settings, log)
  } catch (error) {
    log.warn(reasonOf(error))
  }
}

/** For a process that goes on without it, as tests do. */
export function endExport(): void {
  running?.end()
  running = undefined
  isLooked = false
}
