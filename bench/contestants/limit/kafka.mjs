// kafkajs that sends prepared messages, 2,000 at a time, acks=all, idempotent: what any Kafka step
// in Node can reach.
import kafkajs from 'kafkajs'

const { KAFKA_BROKERS, CLEAN_TOPIC } = process.env
const RECORDS = Number(process.env.RECORDS)
const PER_SEND = 2_000
const kafka = new kafkajs.Kafka({
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const producer = kafka.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner:
    () =>
    ({ message }) =>
      message.partition
})
await producer.connect()

const value = sequence =>
  Buffer.from(
    `{"device_id":"acme-site-01-pressing-machine-00001","metric":"temperature","value":${sequence},"ts":1708700000000,"ts_utc":"2024-02-23T14:53:20.000Z","location":"hall 1, row 1"}`
  )
const messages = Array.from({ length: RECORDS }, (_, sequence) => ({
  key: `acme-site-01-pressing-machine-${String(sequence % 5_000).padStart(5, '0')}`,
  partition: sequence % 4,
  value: value(sequence)
}))
for (let at = 0; at < RECORDS; at += PER_SEND) {
  await producer.send({ topic: CLEAN_TOPIC, acks: -1, messages: messages.slice(at, at + PER_SEND) })
}
// the benchmark reads what this cost before it ends
setInterval(() => {}, 60_000)
