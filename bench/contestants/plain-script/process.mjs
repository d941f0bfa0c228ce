// Kafka → check, UTC, location → Kafka: a send for each batch that was read.
import { readFileSync } from 'node:fs'
import kafkajs from 'kafkajs'

const { KAFKA_BROKERS, RAW_TOPIC, CLEAN_TOPIC, GROUP, CLIENT_ID, META } = process.env
const places = JSON.parse(readFileSync(META, 'utf8'))
const kafka = new kafkajs.Kafka({
  clientId: CLIENT_ID,
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
const consumer = kafka.consumer({ groupId: `${GROUP}-process` })
await producer.connect()
await consumer.connect()
await consumer.subscribe({ topics: [RAW_TOPIC], fromBeginning: true })

function processed({ key, value }) {
  const record = JSON.parse(value)
  for (const name of ['device_id', 'metric', 'value', 'ts'])
    if (record[name] === undefined) return []
  record.ts_utc = new Date(record.ts).toISOString()
  record.location = places[record.device_id]?.location
  return [{ key, value: JSON.stringify(record) }]
}

await consumer.run({
  eachBatch: async ({ batch }) => {
    await producer.send({ topic: CLEAN_TOPIC, messages: batch.messages.flatMap(processed) })
  }
})
