/** Apicurio Registry, which has the API of Confluent's schema registry. Only tests start it. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from '../java.ts'
import { artifact } from '../maven.ts'
import type { Command } from '../process.ts'

const run = promisify(execFile)

/** 3.3 needs a newer Java. */
const ARTIFACT = 'io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all'

/** Unpacks what was downloaded, once; 109 MB the first time. */
async function server(): Promise<string> {
  const downloaded = await artifact('apicurio-3.0.9', ARTIFACT, {
    onProgress: line => console.log(line),
    signal: AbortSignal.timeout(300_000)
  })
  const whole = join(downloaded, 'server')
  if (existsSync(whole)) return whole
  const [archive] = readdirSync(downloaded).filter(name => name.endsWith('.tar.gz'))
  const half = `${whole}.${process.pid}`
  mkdirSync(half)
  await run('tar', ['-xzf', join(downloaded, archive!), '-C', half])
  if (existsSync(whole)) rmSync(half, { recursive: true })
  else renameSync(half, whole)
  return whole
}

/** It keeps its schemas in memory: they are gone when it ends. */
export async function apicurioCommand(port: number): Promise<Command> {
  const java = findJava()
  const folder = await server()
  const [jar] = readdirSync(folder).filter(name => name.endsWith('-runner.jar'))
  const args = [
    ...['-Xmx320m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
    ...['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`],
    ...['-Dquarkus.http.access-log.enabled=false', '-jar', join(folder, jar!)]
  ]
  return { file: java.file, args }
}
