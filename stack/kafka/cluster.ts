/**
 * Several Kafka brokers that replicate, on one machine: for tests of what only a cluster does
 * (elections, replicas that fall behind, a lost quorum). Each node is broker and controller; they
 * listen without TLS or passwords on 127.0.0.1.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StackError } from '../errors.ts'
import { findJava, jvmOptions } from '../java.ts'
import { checkJars, jars } from '../maven.ts'
import { anyFree } from '../ports.ts'
import { type Command, end, identify, isAlive, launch, type ProcessId } from '../process.ts'
import { accounts } from '../services.ts'
import {
  format,
  jarsOf,
  type KafkaVersion,
  loggingOf,
  writeConfiguration
} from './configuration.ts'
import { type Metadata, metadata } from './probe.ts'

const host = '127.0.0.1'
const readyTimeoutMs = 120_000
/**
 * The last node that ends has no quorum any more to tell of its end, and would wait for one for
 * minutes.
 */
const stopTimeoutMs = 10_000

/** What is remembered of a cluster, so that what a killed run left behind is found. */
type Remembered = { owner: ProcessId | undefined; nodes: ProcessId[] }

type Member = {
  id: number
  folder: string
  port: number
  controllerPort: number
  saslPort: number
  command: Command
}

export type TokenIssuer = {
  jwksUrl: string
  issuer: string
  audience: string
}

export type ClusterOptions = {
  /** Of the cluster alone: it is emptied at the start, after an earlier cluster there was ended. */
  folder: string
  nodes?: number
  /** The one of `npm start` where absent. */
  version?: KafkaVersion
  /** Replicas that must have a record before it is acknowledged. */
  minInSync?: number
  /**
   * Users who log in have no right but what they are given; those who come without a login have
   * all. See `sasl`.
   */
  authorizer?: boolean
  /** Whose tokens are a login as well: the keys it signs with, and what the tokens are for. */
  tokens?: TokenIssuer
  onProgress?: (line: string) => void
}

export class KafkaCluster {
  /** `host:port,host:port,host:port` */
  readonly brokers: string
  /** Where users log in, if there is an authorizer. */
  readonly sasl: { readonly brokers: string; readonly user: string; readonly password: string }
  readonly #running = new Map<number, ProcessId>()

  private constructor(
    private readonly folder: string,
    private readonly members: readonly Member[]
  ) {
    const listOf = (ports: number[]) => ports.map(port => `${host}:${port}`).join(',')
    this.brokers = listOf(members.map(({ port }) => port))
    this.sasl = { brokers: listOf(members.map(({ saslPort }) => saslPort)), ...accounts.kafka }
  }

  /** Starts all nodes, and resolves when each knows all others. */
  static async start(options: ClusterOptions): Promise<KafkaCluster> {
    const { folder, nodes = 3, minInSync = 2, version = '4.3', onProgress = () => {} } = options
    const { authorizer = false, tokens } = options
    checkJars(jarsOf(version))
    await endEarlier(folder)
    rmSync(folder, { recursive: true, force: true })
    const members = await prepare({
      folder,
      nodes,
      minInSync,
      version,
      authorizer,
      ...(tokens ? { tokens } : {}),
      onProgress
    })
    const cluster = new KafkaCluster(folder, members)
    try {
      await Promise.all(cluster.ids.map(id => cluster.#launch(id)))
      await cluster.inSync()
    } catch (error) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  /** The ids of all nodes, 1 and up. */
  get ids(): number[] {
    return this.members.map(({ id }) => id)
  }

  /** The ids of those that run. */
  get up(): number[] {
    return this.ids.filter(id => this.#isUp(id))
  }

  /** What the first node that answers says. */
  async metadata(): Promise<Metadata | undefined> {
    for (const { id, port } of this.members) {
      const found = this.#isUp(id) ? await metadata(port) : undefined
      if (found) return found
    }
    return undefined
  }

  /** The nodes that have ended by themselves, with the end of what they said. */
  get failures(): string[] {
    const dead = this.members.filter(({ id }) => this.#running.has(id) && !this.#isUp(id))
    return dead.map(member => this.#failed(member, 'ended by itself').message)
  }

  /** The node that leads a partition; waits for the end of an election. */
  async leaderOf(topic: string, partition = 0): Promise<number> {
    for (
      const limit = performance.now() + readyTimeoutMs;
      performance.now() < limit;
      await wait(100)
    ) {
      const found = (await this.metadata())?.topics.find(({ name }) => name === topic)
      const leader = found?.partitions.find(({ id }) => id === partition)?.leader ?? -1
      if (leader >= 0) return leader
    }
    throw this.#failed(this.members[0]!, `knows no leader of partition ${partition} of ${topic}`)
  }

  /** Starts a node again, unless it runs. It need not be in sync when this resolves. */
  async restart(id: number): Promise<void> {
    if (!this.#isUp(id)) await this.#launch(id)
  }

  /** An orderly end: the node hands over what it leads, where there is a quorum to hand it to. */
  async stop(id: number): Promise<void> {
    await this.#end(id, 'SIGTERM')
  }

  /** kill -9, as a crash would do. */
  async kill(id: number): Promise<void> {
    await this.#end(id, 'SIGKILL')
  }

  /** It keeps its ports and answers nothing, until `thaw`: as where its machine has stalled. */
  freeze(id: number): void {
    this.#signal(id, 'SIGSTOP')
  }
  thaw(id: number): void {
    this.#signal(id, 'SIGCONT')
  }

  /** Resolves when all nodes run and every replica has caught up. */
  async inSync(): Promise<void> {
    const limit = performance.now() + readyTimeoutMs
    while (!(await this.#isInSync())) {
      const dead = this.members.find(({ id }) => !this.#isUp(id))
      if (dead) throw this.#failed(dead, 'ended')
      if (performance.now() > limit)
        throw this.#failed(this.members[0]!, `is not in sync after ${readyTimeoutMs / 1000} s`)
      await wait(100)
    }
  }

  /** Ends all nodes and removes their data. */
  async remove(): Promise<void> {
    await Promise.all(this.ids.map(id => this.kill(id)))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #isUp(id: number): boolean {
    const running = this.#running.get(id)
    return running !== undefined && isAlive(running)
  }

  async #launch(id: number): Promise<void> {
    const member = this.members.find(other => other.id === id)!
    this.#running.set(id, await launch(member.command, logOf(member)))
    const remembered: Remembered = {
      owner: identify(process.pid),
      nodes: [...this.#running.values()]
    }
    writeFileSync(processFile(this.folder), JSON.stringify(remembered))
  }

  async #end(id: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const running = this.#running.get(id)
    if (running) await end(running, signal, stopTimeoutMs)
    this.#running.delete(id)
  }

  #signal(id: number, signal: NodeJS.Signals): void {
    if (this.#isUp(id)) process.kill(this.#running.get(id)!.pid, signal)
  }

  async #isInSync(): Promise<boolean> {
    const views = await Promise.all(this.members.map(({ port }) => metadata(port)))
    return views.every(
      view =>
        view?.brokers.length === this.members.length &&
        view.topics.every(topic =>
          topic.partitions.every(
            ({ leader, replicas, inSync }) => leader >= 0 && inSync.length === replicas.length
          )
        )
    )
  }

  #failed(member: Member, what: string): StackError {
    const lines = readFileSync(logOf(member), 'utf8').trimEnd().split('\n').slice(-15)
    return new StackError(
      'START_FAILED',
      `Kafka's node ${member.id} ${what}. The end of ${logOf(member)}:\n${lines.join('\n')}`
    )
  }
}

const logOf = ({ folder }: Member) => join(folder, 'broker.log')
const processFile = (folder: string) => join(folder, 'processes.json')

/** A run that was killed leaves its brokers behind. */
async function endEarlier(folder: string): Promise<void> {
  const file = processFile(folder)
  if (!existsSync(file)) return
  const { owner, nodes } = JSON.parse(readFileSync(file, 'utf8')) as Remembered
  if (owner && isAlive(owner))
    throw new StackError(
      'FOLDER_BUSY',
      `Process ${owner.pid} runs a Kafka cluster in ${folder}. Wait for it.`
    )
  await Promise.all(nodes.map(id => end(id, 'SIGKILL', stopTimeoutMs)))
}

/** Gives each node its ports, its configuration and an empty data folder. */
async function prepare(
  options: Required<Omit<ClusterOptions, 'tokens'>> & Pick<ClusterOptions, 'tokens'>
): Promise<Member[]> {
  const { folder, nodes, minInSync, version, authorizer, tokens, onProgress } = options
  const takesLogins = authorizer || tokens !== undefined
  const [java, logging] = [findJava(), loggingOf(version)]
  const libraries = await jars(jarsOf(version), {
    onProgress,
    signal: new AbortController().signal
  })
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A')
  const taken = new Set<number>()
  const freePort = async () => {
    const port = await anyFree(taken)
    taken.add(port)
    return port
  }
  const places: Omit<Member, 'command'>[] = []
  for (let id = 1; id <= nodes; id++) {
    places.push({
      id,
      folder: join(folder, String(id)),
      port: await freePort(),
      controllerPort: await freePort(),
      saslPort: takesLogins ? await freePort() : 0
    })
  }
  const voters = places.map(({ id, controllerPort }) => `${id}@${host}:${controllerPort}`).join(',')
  mkdirSync(folder, { recursive: true })
  return Promise.all(
    places.map(async place => {
      const { port, controllerPort, saslPort } = place
      const ports = { port, controllerPort, saslPort, mtlsPort: 0 }
      const clients = `PLAINTEXT://${host}:${port}${takesLogins ? `,SASL://${host}:${saslPort}` : ''}`
      const configuration = writeConfiguration(folder, place.folder, ports, {
        'node.id': place.id,
        'controller.quorum.voters': voters,
        listeners: `${clients},CONTROLLER://${host}:${controllerPort}`,
        'advertised.listeners': clients,
        ...replication(nodes, minInSync),
        ...(authorizer ? AUTHORIZER : {}),
        ...(tokens ? loginByToken(tokens) : {})
      })
      await format({ java, libraries, logging }, configuration, place.folder, clusterId)
      const archive = `${basename(libraries)}-${java.versionId}.jsa`
      const options = jvmOptions({ archive, maxHeapMb: 512, home: place.folder, fullJit: false })
      const args = [
        ...options,
        ...allowed(tokens),
        logging,
        '-cp',
        join(libraries, '*'),
        'kafka.Kafka',
        configuration
      ]
      return { ...place, command: { file: java.file, args } }
    })
  )
}

const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS'
}

const TOKENS = 'org.apache.kafka.common.security.oauthbearer'

/** A session ends with its token, as KIP-368 has it; the client logs in again before. */
const loginByToken = ({ jwksUrl, issuer, audience }: TokenIssuer) => ({
  'sasl.enabled.mechanisms': 'OAUTHBEARER',
  'listener.name.sasl.oauthbearer.sasl.jaas.config': `${TOKENS}.OAuthBearerLoginModule required;`,
  'listener.name.sasl.oauthbearer.sasl.server.callback.handler.class': `${TOKENS}.OAuthBearerValidatorCallbackHandler`,
  'sasl.oauthbearer.jwks.endpoint.url': jwksUrl,
  'sasl.oauthbearer.expected.issuer': issuer,
  'sasl.oauthbearer.expected.audience': audience,
  'connections.max.reauth.ms': 3_600_000
})

/** Kafka 4 asks no address that was not named when it started. */
const allowed = (tokens: TokenIssuer | undefined): string[] =>
  tokens ? [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${tokens.jwksUrl}`] : []

/** Every topic on every node; Kafka's own too. */
function replication(nodes: number, minInSync: number): Record<string, number> {
  return {
    'default.replication.factor': nodes,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': nodes,
    'transaction.state.log.replication.factor': nodes,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': nodes,
    'share.coordinator.state.topic.min.isr': minInSync
  }
}
