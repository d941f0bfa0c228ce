/**
 * The Java that runs Kafka and the MQTT broker: found, checked, and started with a class archive
 * where there is one.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StackError } from './errors.ts'
import { cacheFolder, catalogue, serviceNames } from './services.ts'

const oldestJava = 17

export type Java = { file: string; versionId: string }

/** The two ways to services that need neither Java nor Maven. */
export function otherWays(): string {
  const variables = serviceNames
    .filter(name => name !== 'postgres')
    .map(name => catalogue[name].variable)
  return [
    'Two other ways:',
    '  - with Docker: docker compose -f stack/compose.yaml up',
    `  - with services that you have: set ${variables.join(', ')} and start again`
  ].join('\n')
}

/** Finds java by JAVA_HOME, else on PATH. */
export function findJava(): Java {
  const home = process.env.JAVA_HOME
  const file = home ? join(home, 'bin', 'java') : 'java'
  const answer = spawnSync(file, ['-version'], { encoding: 'utf8' })
  const why = 'Apache Kafka and the MQTT broker run on it.'
  if (answer.error) {
    const where = home ? `in JAVA_HOME (${home})` : 'on PATH'
    throw new StackError(
      'JAVA_MISSING',
      `There is no Java ${where}. ${why} Install Java ${oldestJava} or newer (a JRE is enough).\n${otherWays()}`
    )
  }
  const version = Number(/version "(\d+)/.exec(answer.stderr)?.[1] ?? 0)
  if (version < oldestJava) {
    const found = answer.stderr.split('\n')[0] ?? ''
    throw new StackError(
      'JAVA_MISSING',
      `Java ${oldestJava} or newer is needed, found: ${found}. ${why}\n${otherWays()}`
    )
  }
  return { file, versionId: createHash('sha256').update(answer.stderr).digest('hex').slice(0, 8) }
}

export type JvmOptions = {
  /** File name of the class archive; the versions of Java and of the jars must be part of it. */
  archive: string
  maxHeapMb: number
  home: string
  /**
   * Full optimisation by the JIT compiler: slower to start, faster in the long run; for benchmarks.
   */
  fullJit: boolean
}

/**
 * Options of a JVM that starts fast. Its first orderly end writes an archive of the loaded classes
 * (CDS), with which later starts take half the time. A folder of classes on the class path would
 * silently switch that off: jars only.
 */
export function jvmOptions({ archive, maxHeapMb, home, fullJit }: JvmOptions): string[] {
  const common = [`-Xmx${maxHeapMb}m`, '-Xlog:disable', '-Xlog:all=error:stderr']
  if (fullJit) return common
  const cached = join(cacheFolder(), archive)
  const written = join(home, 'archive', archive)
  mkdirSync(dirname(written), { recursive: true })
  const classes = existsSync(cached)
    ? ['-Xshare:auto', `-XX:SharedArchiveFile=${cached}`]
    : [`-XX:ArchiveClassesAtExit=${written}`]
  return [...common, '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...classes]
}

/**
 * Moves the archive that an ended JVM has written into the cache. It is not written there directly:
 * a JVM that is killed while it writes leaves a broken file.
 */
export function keepArchive(home: string, archive: string): void {
  const written = join(home, 'archive', archive)
  if (!existsSync(written)) return
  const target = join(cacheFolder(), archive)
  const half = `${target}.${process.pid}`
  copyFileSync(written, half)
  renameSync(half, target)
  rmSync(written)
}
