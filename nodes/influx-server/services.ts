import type { ProductName } from '../../core/influx/products.ts'
import type { OfferedService } from '../../core/node/offered-service.ts'

interface InfluxService extends OfferedService {
  readonly label: string
  /** Where its maker says so. */
  readonly document: string
}

/** By name: what servers of line protocol need and refuse. */
export const SERVICES = {
  influx1: {
    label: 'InfluxDB 1',
    document: 'https://docs.influxdata.com/influxdb/v1/tools/api/',
    settings: { api: 'v1', url: 'http://127.0.0.1:8086' },
    note: 'User and password, where it asks for them. The sink names the database, which it can create, and a retention policy where it is not the default. A field keeps the type that it first had.'
  },
  influx2: {
    label: 'InfluxDB 2',
    document: 'https://docs.influxdata.com/influxdb/v2/api/',
    settings: { api: 'v2', url: 'http://127.0.0.1:8086' },
    note: 'A token that may write to the bucket, and the organization. The bucket has to be there, with its retention.'
  },
  influx3: {
    label: 'InfluxDB 3',
    document: 'https://docs.influxdata.com/influxdb3/core/reference/api/',
    settings: { api: 'v2', url: 'http://127.0.0.1:8181' },
    note: 'A token that may write. The database is made by the first write where the server allows it. Tags of a table are fixed by its first point: a later one with another tag is rejected.'
  },
  timestream: {
    label: 'Timestream for InfluxDB',
    document:
      'https://docs.aws.amazon.com/timestream/latest/developerguide/timestream-for-influxdb.html',
    settings: { api: 'v2', url: 'https://INSTANCE.timestream-influxdb.REGION.on.aws:8086' },
    note: 'InfluxDB run by AWS: a token of InfluxDB, no login of AWS. The address of the instance is in the console; its group of security has to let this machine in.'
  },
  questdb: {
    label: 'QuestDB',
    document: 'https://questdb.com/docs/reference/api/ilp/overview/',
    settings: { api: 'v1', url: 'http://127.0.0.1:9000' },
    note: 'No database to name. A table without DEDUP UPSERT KEYS keeps a point that comes twice as two rows: let the sink create it, or add the keys. A boolean that is absent is stored as false.'
  },
  victoriametrics: {
    label: 'VictoriaMetrics',
    document: 'https://docs.victoriametrics.com/victoriametrics/integrations/influxdb/',
    settings: { api: 'v1', url: 'http://127.0.0.1:8428' },
    note: 'Keeps doubles and milliseconds: texts are rejected here, as it would store 0, and integers beyond 2^53 too. A point that comes twice is one in queries only with -dedup.minScrapeInterval=1ms.'
  }
} as const satisfies Readonly<Record<ProductName, InfluxService>>

export const serviceOf = (name: string): OfferedService | undefined =>
  Object.hasOwn(SERVICES, name) ? SERVICES[name as ProductName] : undefined
