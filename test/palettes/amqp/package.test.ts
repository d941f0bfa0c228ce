import { services } from '../../services.ts'
import { holdsAsPackage } from '../companion-package.ts'

await holdsAsPackage('amqp', {
  async here() {
    const { mqtt } = await services('mqtt')
    const { port } = new URL(mqtt.url)
    return { 'millrace-amqp-server': { url: `amqp://127.0.0.1:${port}` }, 'mqtt-broker': { port } }
  },
  outcomes: {
    'lesson-amqp-ingest-take': { in: 4, out: 4 },
    'lesson-amqp-publish-send': { in: 3, stored: 2, rejected: 1 },
    'lesson-amqp-publish-take': { in: 2, out: 2 }
  }
})
