// Kafka → the average of each device and minute → Kafka. What is open is in memory only: it is lost
// with the process, while its offsets are committed.
import kafkajs from 'kafkajs'

const { KAFKA_BROKERS, RAW_TOPIC, CLEAN_TOPIC, GROUP, CLIENT_ID } = process.env
const kafka = new kafkajs.Kafka({
  clientId: CLIENT_ID,
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
const consumer = kafka.consumer({ groupId: `${GROUP}-average` })
await producer.connect()
await consumer.connect()
await consumer.subscribe({ topics: [RAW_TOPIC], fromBeginning: true })

const MINUTE_MS = 60_000
const windows = new Map()

/** Adds a record; gives the window of its device that it ends. */
function ended({ value }) {
  const record = JSON.parse(value)
  const start = record.ts - (record.ts % MINUTE_MS)
  const open = windows.get(record.device_id)
  if (open?.start === start) {
    open.count++
    open.sum += record.value
    return []
  }
  windows.set(record.device_id, { start, count: 1, sum: record.value })
  if (!open) return []
  const { count, sum } = open
  const result = { device_id: record.device_id, window_start: open.start, count, avg: sum / count }
  return [{ key: record.device_id, value: JSON.stringify(result) }]
}

await consumer.run({
  eachBatch: async ({ batch }) => {
    const messages = batch.messages.flatMap(ended)
    if (messages.length > 0) await producer.send({ topic: CLEAN_TOPIC, messages })
  }
})
