/** QuestDB. Only tests and benchmarks start it. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../java.ts'
import { checkJars, jars } from '../maven.ts'
import type { Command } from '../process.ts'

export const QUESTDB = 'QuestDB 9.3.4'

export type TimeSeriesPlace = { folder: string; port: number; otherPort: number }

const configuration = (port: number) =>
  [
    `http.bind.to=127.0.0.1:${port}`,
    'http.min.enabled=false',
    'pg.enabled=false',
    'line.tcp.enabled=false',
    'telemetry.enabled=false',
    ''
  ].join('\n')

/** Downloads what is missing, 29 MB once; writes the configuration; says how to run it. */
export async function questDbCommand({ folder, port }: TimeSeriesPlace): Promise<Command> {
  const java = findJava()
  checkJars('questdb')
  const libraries = await jars('questdb', {
    onProgress: line => console.log(line),
    signal: AbortSignal.timeout(240_000)
  })
  const [jar] = readdirSync(libraries)
  mkdirSync(join(folder, 'conf'), { recursive: true })
  writeFileSync(join(folder, 'conf', 'server.conf'), configuration(port))
  const args = [
    ...['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
    ...['-p', join(libraries, jar!), '-m', 'io.questdb/io.questdb.ServerMain', '-d', folder]
  ]
  return { file: java.file, args }
}
