// mqtt.js that takes each message and does nothing with it; a line `time count` in a file ten times
// a second.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'

const { MQTT_URL, MQTT_FILTER, CLIENT_ID, WORK } = process.env
const client = mqtt.connect(MQTT_URL, {
  protocolVersion: 5,
  clientId: CLIENT_ID,
  clean: false,
  properties: { sessionExpiryInterval: 86_400, receiveMaximum: 5_000 }
})
const file = join(WORK, 'received')
// goes on where an earlier start has stopped
let count = existsSync(file)
  ? Number(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1).split(' ')[1])
  : 0
let written = count
client.on('message', () => count++)
client.on('connect', () => client.subscribe(MQTT_FILTER, { qos: 1 }))
setInterval(() => {
  if (count === written) return
  written = count
  appendFileSync(file, `${Date.now()} ${count}\n`)
}, 100)
