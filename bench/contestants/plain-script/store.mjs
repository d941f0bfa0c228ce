// Kafka → PostgreSQL: INSERTs of a thousand rows.
import kafkajs from 'kafkajs'
import pg from 'pg'

const { KAFKA_BROKERS, CLEAN_TOPIC, GROUP, CLIENT_ID, TIMESCALE_URL, TABLE } = process.env
const ROWS = 1_000
const kafka = new kafkajs.Kafka({
  clientId: CLIENT_ID,
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const pool = new pg.Pool({ connectionString: TIMESCALE_URL })
const consumer = kafka.consumer({ groupId: `${GROUP}-store` })
await consumer.connect()
await consumer.subscribe({ topics: [CLEAN_TOPIC], fromBeginning: true })

async function insert(records) {
  const values = records.map(
    (_, row) =>
      `($${row * 5 + 1}, $${row * 5 + 2}, $${row * 5 + 3}, $${row * 5 + 4}, $${row * 5 + 5})`
  )
  const cells = records.flatMap(({ ts_utc, device_id, location, metric, value }) => [
    ts_utc,
    device_id,
    location,
    metric,
    value
  ])
  await pool.query(
    `insert into "${TABLE}" (time, device_id, location, metric, value) values ${values.join(', ')} on conflict do nothing`,
    cells
  )
}

await consumer.run({
  eachBatch: async ({ batch, heartbeat }) => {
    const records = batch.messages.map(({ value }) => JSON.parse(value))
    for (let at = 0; at < records.length; at += ROWS) {
      await insert(records.slice(at, at + ROWS))
      await heartbeat()
    }
  }
})
