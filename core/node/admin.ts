import type { NodeAPI } from 'node-red'
import { reasonOf } from '../errors.ts'
import { examination } from './doctor.ts'
import { doctorPage } from './doctor-text.ts'
import { processText, prometheusText } from './exposition.ts'
import { report } from './metrics.ts'
import { exportMetrics } from './otlp-export.ts'

const done = new WeakSet<object>()

/**
 * The routes every installation has: what the nodes did, as JSON and for Prometheus. Guarded as the
 * editor is.
 */
export function adminRoutes(RED: NodeAPI): void {
  exportMetrics(RED.log)
  const app = RED.httpAdmin as NodeAPI['httpAdmin'] | undefined
  if (!app || done.has(app)) return
  done.add(app)
  const mayRead = RED.auth.needsPermission('millrace.read')
  app.get('/millrace/metrics', mayRead, (_request, response) => {
    response.json(report())
  })
  app.get('/millrace/doctor', mayRead, (request, response) => {
    examination().then(
      found =>
        request.accepts(['json', 'html']) === 'html'
          ? response.type('html').send(doctorPage(found))
          : response.json(found),
      error => response.status(500).type('text/plain').send(reasonOf(error))
    )
  })
  app.get('/millrace/metrics/prometheus', mayRead, (_request, response) => {
    response.type('text/plain; version=0.0.4').send(`${prometheusText()}${processText()}`)
  })
}
