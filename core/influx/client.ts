import { HttpClient } from '../http-client.ts'
import { type InfluxSettings, loginOf } from './settings.ts'

/** Requests to one server of line protocol. */
export class InfluxClient extends HttpClient {
  constructor(readonly settings: InfluxSettings) {
    const { url, tls, timeoutMs } = settings
    super({ url, tls, timeoutMs, authorization: loginOf(settings) })
  }
}
