// Kafka → line protocol, by the client that InfluxData makes: batches of five thousand points.
import { HttpError, InfluxDB, Point } from '@influxdata/influxdb-client'
import kafkajs from 'kafkajs'

const { KAFKA_BROKERS, CLEAN_TOPIC, GROUP, CLIENT_ID, INFLUX_URL, TABLE } = process.env
const POINTS = 5_000
const kafka = new kafkajs.Kafka({
  clientId: CLIENT_ID,
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const options = { batchSize: POINTS + 1, flushInterval: 0, gzipThreshold: 1_000, maxRetries: 3 }
const api = new InfluxDB({ url: INFLUX_URL }).getWriteApi('', 'bench', 'ns', options)
const consumer = kafka.consumer({ groupId: `${GROUP}-points` })
await consumer.connect()
await consumer.subscribe({ topics: [CLEAN_TOPIC], fromBeginning: true })

await consumer.run({
  eachBatch: async ({ batch, heartbeat }) => {
    const records = batch.messages.map(({ value }) => JSON.parse(value))
    for (let at = 0; at < records.length; at += POINTS) {
      for (const { ts_utc, device_id, location, metric, value } of records.slice(at, at + POINTS))
        api.writePoint(
          new Point(TABLE)
            .tag('device_id', device_id)
            .tag('location', location)
            .tag('metric', metric)
            .floatField('value', value)
            .timestamp(new Date(ts_utc))
        )
      await api.flush().catch(error => {
        console.error(error instanceof HttpError ? error.body : error)
        throw error
      })
      await heartbeat()
    }
  }
})
