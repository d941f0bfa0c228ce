/**
 * `node --import tsx bench/publisher/limit.ts [mqtt://…]`: what the publisher reaches: against a
 * server that only acknowledges, or a broker.
 */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { usualShape } from '../fleet.ts'
import { program } from '../session.ts'
import { Publisher } from './publisher.ts'

const COUNT = 200_000

async function acknowledgingServer(): Promise<{ url: string; close(): void }> {
  const child = fork(join(import.meta.dirname, 'acknowledging-server.ts'), {
    execArgv: ['--import', 'tsx']
  })
  const port = await new Promise<number>(resolve => child.once('message', resolve))
  return { url: `mqtt://127.0.0.1:${port}`, close: () => child.disconnect() }
}

await program(async () => {
  const [given] = process.argv.slice(2)
  const server = given ? { url: given, close: () => {} } : await acknowledgingServer()
  for (const connections of [1, 2, 4]) {
    const job = {
      url: server.url,
      clientId: 'limit',
      from: 0,
      count: COUNT,
      shape: usualShape,
      firstMs: Date.now() - 3_600_000,
      stampTime: false,
      window: 1_000,
      connections
    }
    const { startedMs, finishedMs, cpuMicros } = await (await Publisher.prepare(job)).go().finished
    const perSecond = Math.round((COUNT * 1000) / (finishedMs - startedMs))
    console.log(
      `${connections} connections: ${perSecond.toLocaleString('en')}/s, ${(cpuMicros / COUNT).toFixed(1)} us of CPU a record`
    )
  }
  server.close()
})
