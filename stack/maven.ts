/** Jars from Maven Central, downloaded once a user into the cache. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from './errors.ts'
import { writeJar } from './jar.ts'
import { type Java, otherWays } from './java.ts'
import { cacheFolder, repository } from './services.ts'

const run = promisify(execFile)
const isWindows = process.platform === 'win32'
const mvn = isWindows ? 'mvn.cmd' : 'mvn'
const folderOfPoms = join(repository, 'stack', 'mvn')
const pom = join(folderOfPoms, 'pom.xml')

export type JarProfile = 'kafka' | 'mqtt' | 'ecj' | 'hivemq' | 'kafka-3.9' | 'questdb'

/** Of what only tests start: in a file of its own each. */
const APART: ReadonlySet<JarProfile> = new Set(['hivemq', 'kafka-3.9', 'questdb'])

const pomOf = (profile: JarProfile) =>
  APART.has(profile) ? join(folderOfPoms, `${profile}.xml`) : pom

type Download = { onProgress: (line: string) => void; signal: AbortSignal }

/** A part of a folder's name that changes with the contents of these files. */
function fingerprint(files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 8)
}

function outputOf(error: unknown): string {
  const { stdout, stderr } = error as { stdout?: string; stderr?: string }
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n').filter(Boolean).slice(0, 8).join('\n')
}

/**
 * Folders that a rename has made whole; when another process was faster, its folder is as good as
 * ours.
 */
function publish(half: string, whole: string): void {
  try {
    renameSync(half, whole)
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    if (!existsSync(whole)) throw error
  }
}

const jarFolder = (profile: JarProfile) =>
  join(cacheFolder(), `${profile}-${fingerprint([pomOf(profile)])}`)

/** Throws when jars are missing and Maven, which could download them, is missing too. */
export function checkJars(...profiles: JarProfile[]): void {
  if (profiles.every(profile => existsSync(jarFolder(profile)))) return
  if (spawnSync(mvn, ['-v'], { shell: isWindows }).status === 0) return
  const why = 'It is used once, to download the jars of Apache Kafka and of the MQTT broker.'
  throw new StackError(
    'MAVEN_MISSING',
    `There is no Maven ("mvn") on PATH. ${why} Install Maven 3.6 or newer.\n${otherWays()}`
  )
}

/** The folder with a profile's jars; downloads them when they are not there. */
export async function jars(profile: JarProfile, { onProgress, signal }: Download): Promise<string> {
  const folder = jarFolder(profile)
  if (existsSync(folder)) return folder
  onProgress(`downloading the jars of ${profile === 'ecj' ? 'the Java compiler' : profile} (once)`)
  const half = `${folder}.${process.pid}`
  const goal = [
    'dependency:copy-dependencies',
    `-DoutputDirectory=${half}`,
    '-DincludeScope=runtime'
  ]
  try {
    mkdirSync(cacheFolder(), { recursive: true })
    await run(mvn, ['-q', '-B', '-f', pomOf(profile), `-P${profile}`, ...goal], {
      shell: isWindows,
      maxBuffer: 1 << 26,
      signal
    })
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    throw new StackError(
      'DOWNLOAD_FAILED',
      `Maven could not download the jars of ${profile}:\n${outputOf(error)}\n${otherWays()}`,
      {
        cause: error
      }
    )
  }
  publish(half, folder)
  const files = readdirSync(folder)
  const megabytes = Math.round(
    files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / 1e6
  )
  onProgress(`${profile}: ${files.length} jars, ${megabytes} MB`)
  return folder
}

/**
 * The folder with one file of Maven Central, such as a whole server; downloads it when it is not
 * there.
 * @param coordinates group:artifact:version:packaging:classifier
 */
export async function artifact(
  name: string,
  coordinates: string,
  { onProgress, signal }: Download
): Promise<string> {
  const folder = join(cacheFolder(), name)
  if (existsSync(folder)) return folder
  onProgress(`downloading ${name} (once)`)
  const half = `${folder}.${process.pid}`
  // Later versions read what the file is built from, which is not published for all.
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy'
  try {
    mkdirSync(half, { recursive: true })
    const args = ['-q', '-B', goal, `-Dartifact=${coordinates}`, `-DoutputDirectory=${half}`]
    await run(mvn, args, { cwd: half, shell: isWindows, maxBuffer: 1 << 26, signal })
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    const why = `Maven could not download ${coordinates}:\n${outputOf(error)}`
    throw new StackError('DOWNLOAD_FAILED', why, { cause: error })
  }
  publish(half, folder)
  return folder
}

/**
 * Compiles the .java files of a folder against a folder of jars into one jar, once, without a JDK.
 * Returns the jar's path.
 */
export async function compile(
  java: Java,
  sources: string,
  libraries: string,
  download: Download
): Promise<string> {
  const files = readdirSync(sources)
    .filter(file => file.endsWith('.java'))
    .sort()
    .map(file => join(sources, file))
  const jar = join(cacheFolder(), `launcher-${fingerprint([pom, ...files])}.jar`)
  if (existsSync(jar)) return jar
  const compiler = await jars('ecj', download)
  const classes = `${jar}.${process.pid}.classes`
  const classPath = readdirSync(libraries).map(file => join(libraries, file))
  const options = [
    '-17',
    '-nowarn',
    '-proc:none',
    '-classpath',
    classPath.join(delimiter),
    '-d',
    classes
  ]
  try {
    await run(java.file, [
      '-cp',
      join(compiler, '*'),
      'org.eclipse.jdt.internal.compiler.batch.Main',
      ...options,
      ...files
    ])
  } catch (error) {
    throw new StackError(
      'COMPILE_FAILED',
      `The launcher in ${sources} does not compile:\n${outputOf(error)}`,
      { cause: error }
    )
  }
  writeJar(classes, `${jar}.${process.pid}`)
  rmSync(classes, { recursive: true })
  publish(`${jar}.${process.pid}`, jar)
  return jar
}
