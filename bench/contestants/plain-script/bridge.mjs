// MQTT → Kafka as it is usually written: a send for each message, which the client has acknowledged
// already.
import kafkajs from 'kafkajs'
import mqtt from 'mqtt'

const { MQTT_URL, MQTT_FILTER, KAFKA_BROKERS, RAW_TOPIC, CLIENT_ID } = process.env
const kafka = new kafkajs.Kafka({
  clientId: CLIENT_ID,
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR
})
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
await producer.connect()

const client = mqtt.connect(MQTT_URL, {
  protocolVersion: 5,
  clientId: CLIENT_ID,
  clean: false,
  properties: { sessionExpiryInterval: 86_400 }
})
client.on('connect', () => client.subscribe(MQTT_FILTER, { qos: 1 }))
client.on('message', (topic, value) => {
  const key = topic.split('/')[3]
  producer
    .send({ topic: RAW_TOPIC, messages: [{ key, value }] })
    .catch(error => console.error(error.message))
})
