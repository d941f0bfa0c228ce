/**
 * Servers with the API of Amazon Kinesis and of DynamoDB, in memory: npm packages. Only tests start
 * them.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Command } from '../process.ts'

const { resolve } = createRequire(import.meta.url)
const LOOPBACK = join(import.meta.dirname, 'loopback.cjs')
const folderOf = (name: string) => dirname(resolve(`${name}/package.json`))

/** kinesis-local, which splits, merges and ends shards as Kinesis does. */
export function kinesisCommand(port: number, tlsPort: number): Command {
  const folder = folderOf('kinesis-local')
  const changes = ['CREATE_STREAM', 'SPLIT_SHARD', 'MERGE_SHARDS', 'DELETE_STREAM']
  return {
    file: process.execPath,
    args: ['--require', LOOPBACK, join(folder, 'main.js')],
    env: {
      ...process.env,
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      KINESIS_MOCK_CERT_PATH: join(folder, 'server.json'),
      LOG_LEVEL: 'ERROR',
      SHARD_LIMIT: '1000',
      ...Object.fromEntries(changes.map(what => [`${what}_DURATION`, '10ms']))
    }
  }
}

/** dynalite, which checks conditions as DynamoDB does. */
export function tablesCommand(port: number): Command {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--createTableMs', '20']
  return { file: process.execPath, args: [join(folderOf('dynalite'), 'cli.js'), ...args] }
}
