import { holdsAsPackage } from '../companion-package.ts'
import { Client, KEYS } from './rig.ts'
import { AwsServers } from './servers.ts'

const servers = new AwsServers()
after(() => servers.end())

await holdsAsPackage('aws', {
  async here() {
    const endpoint = await servers.start()
    const client = new Client(endpoint)
    await client.kinesis.createStream({ StreamName: 'readings', ShardCount: 2 })
    client.close()
    return { 'millrace-aws-access': { endpoint, login: 'keys', credentials: KEYS } }
  },
  outcomes: {
    'lesson-kinesis-producer-send': { in: 3, stored: 2, rejected: 1 },
    // What both lessons write.
    'lesson-kinesis-consumer-read': { in: 3, out: 3 }
  }
})
