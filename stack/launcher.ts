import type { Command } from './process.ts'
import type { PortName, ServiceMap, ServiceName } from './services.ts'

export type StartContext = {
  home: string
  /** The service's own data folder. */
  folder: string
  port: (name: PortName) => number
  /** The id that Kafka's data folder is formatted with. */
  kafkaCluster: string
  fullJit: boolean
  onProgress: (line: string) => void
  signal: AbortSignal
}

export type Start<N extends ServiceName> = {
  command: Command
  detail: ServiceMap[N]
  /** File name of the class archive that a JVM writes at its end. */
  archive?: string
}

/**
 * How one kind of service is started: everything else (ports, pids, locks, logs, waiting) is the
 * same for all.
 */
export type Launcher<N extends ServiceName> = {
  /**
   * Throws a StackError when something is missing that a person must install: before anything is
   * downloaded or started.
   */
  check(): void
  /** Downloads, configures and formats what is missing; does not start the service. */
  prepare(context: StartContext): Promise<Start<N>>
  /** Whether the service answers in its own protocol. */
  ready(context: StartContext): Promise<boolean>
}
