import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repository } from '../../stack/services.ts'
import { OwnServer } from './own-server.ts'

/** Where CI takes it out of its package. */
const PLACES = [
  ...(process.env.PATH ?? '').split(delimiter),
  join(repository, '.millrace', 'prometheus', 'usr', 'bin')
]
const found = (name: string) =>
  PLACES.map(folder => join(folder, name)).find(path => existsSync(path))

export const promtool = found('promtool')
const prometheus = found('prometheus')
/** Undefined where both are there. */
export const missing =
  promtool && prometheus ? undefined : 'prometheus is not installed (Debian: prometheus)'

/** A Prometheus that asks this Node-RED every second. */
export const prometheusOf = (target: string): { server: OwnServer; url(): Promise<string> } => {
  let at = ''
  const server = new OwnServer(
    'prometheus',
    async ({ folder, port }) => {
      at = `http://127.0.0.1:${port}`
      const path = join(folder, 'prometheus.yml')
      writeFileSync(
        path,
        [
          'global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }',
          `rule_files: [${JSON.stringify(join(repository, 'stack/compose/rules.yml'))}]`,
          'scrape_configs:',
          '  - job_name: pipeline',
          '    metrics_path: /millrace/metrics/prometheus',
          `    static_configs: [{ targets: ["${target}"] }]`,
          ''
        ].join('\n')
      )
      const args = [
        `--config.file=${path}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`
      ]
      return { file: prometheus!, args }
    },
    ({ port }) =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        ({ ok }) => ok,
        () => false
      )
  )
  return {
    server,
    async url() {
      await server.start()
      return at
    }
  }
}
