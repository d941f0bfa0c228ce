/**
 * Starting, stopping, killing and finding the services of a data folder. Nothing that was not
 * started here is ever touched.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { mqtt } from './artemis/launcher.ts'
import { StackError } from './errors.ts'
import { keepArchive } from './java.ts'
import { kafka } from './kafka/launcher.ts'
import type { Launcher, StartContext } from './launcher.ts'
import { anyFree, holderOf, holdsAll, isFree, nextFree } from './ports.ts'
import { postgres, postgresData } from './postgres/launcher.ts'
import { end, identify, isAlive, launch } from './process.ts'
import {
  catalogue,
  fixedPorts,
  givenService,
  type PortName,
  type ServiceMap,
  type ServiceName,
  type Services,
  serviceNames
} from './services.ts'
import { locked, type Running, readState, type State, stateFile, writeState } from './state.ts'
import { timescale } from './timescale/launcher.ts'

const launchers: { [N in ServiceName]: Launcher<N> } = { mqtt, kafka, timescale, postgres }

const readyTimeoutMs = 120_000

export type StartOptions = {
  /** The data folder. */
  home: string
  /** Any free ports instead of the fixed ones. */
  freePorts?: boolean
  /**
   * The ports it had, if they are free. Otherwise a start goes back to the fixed ones when it can.
   */
  samePorts?: boolean
  /** Short lines on what happens. */
  onProgress?: (line: string) => void
  /** This process uses the services together with others and calls leaveServices at its end. */
  shared?: boolean
  /** JVMs with full optimisation, for benchmarks. */
  fullJit?: boolean
  /** Ends the waiting; what was launched by then is left to stopServices or leaveServices. */
  signal?: AbortSignal
}

/**
 * Brings the services up that do not run yet, and returns where all of them are. A service named in
 * the environment (MQTT_URL and so on) is returned as it is named there. Rejects with a StackError.
 */
export async function startServices<N extends ServiceName>(
  names: readonly N[],
  options: StartOptions
): Promise<Services<N>> {
  const given = new Map(names.map(name => [name, givenService(name)]))
  const own = names.filter(name => !given.get(name))
  const started =
    own.length > 0
      ? await locked(options.home, () => startAll(own, options, readState(options.home)))
      : {}
  const entries = names.map(name => [
    name,
    given.get(name) ?? (started as Partial<ServiceMap>)[name]
  ])
  return Object.fromEntries(entries) as Services<N>
}

async function startAll(
  names: readonly ServiceName[],
  options: StartOptions,
  state: State
): Promise<Partial<ServiceMap>> {
  const me = options.shared ? identify(process.pid) : undefined
  if (me && !state.users.some(user => user.pid === me.pid && isAlive(user))) state.users.push(me)
  state.kafkaCluster ??= randomBytes(16).toString('base64url').replace(/^-/, 'A')
  const areReady = await Promise.all(names.map(name => isReady(name, options, state)))
  const missing = names.filter((_, i) => !areReady[i])
  for (const name of missing) launchers[name].check()
  for (const name of missing) await choosePorts(name, options, state)
  writeState(options.home, state)
  const results = await Promise.allSettled(missing.map(name => startOne(name, options, state)))
  const failure = results.find(result => result.status === 'rejected')
  if (failure) throw failure.reason
  // one may have ended while another was waited for
  const dead = names.find(name => !isRunning(state, name))
  if (dead) throw startFailed(dead, 'ended right after its start', state.running[dead]?.log ?? '')
  return detailsOf(state, names)
}

function isRunning(state: State, name: ServiceName): boolean {
  const running = state.running[name]
  return running !== undefined && isAlive(running.process)
}

/**
 * Whether a service runs and answers. One that has just been killed, or just started, is waited
 * for.
 */
async function isReady(name: ServiceName, options: StartOptions, state: State): Promise<boolean> {
  const running = state.running[name]
  if (!running) return false
  const context = contextOf(name, options, state)
  const limit = performance.now() + readyTimeoutMs
  while (isAlive(running.process)) {
    if (await launchers[name].ready(context)) return true
    if (performance.now() > limit) throw startFailed(name, 'runs, but does not answer', running.log)
    await wait(50)
  }
  return false
}

/**
 * Gives every port of a service a number that is free now: the one it had, or the fixed one, or one
 * near or far.
 */
async function choosePorts(
  name: ServiceName,
  { freePorts, samePorts, onProgress }: StartOptions,
  state: State
): Promise<void> {
  for (const portName of catalogue[name].ports) {
    const before = state.ports[portName]
    const taken = new Set(
      Object.entries(state.ports).flatMap(([other, port]) => (other === portName ? [] : [port]))
    )
    if (!freePorts)
      for (const [other, port] of Object.entries(fixedPorts))
        if (other !== portName) taken.add(port)
    if ((freePorts || samePorts) && before !== undefined && (await isFree(before))) continue
    if (freePorts) {
      state.ports[portName] = await anyFree(taken)
      continue
    }
    const port = await nextFree(fixedPorts[portName], taken)
    if (port !== fixedPorts[portName])
      onProgress?.(
        `${name}: port ${fixedPorts[portName]} is in use by another program, taking ${port}`
      )
    state.ports[portName] = port
  }
}

function contextOf(name: ServiceName, options: StartOptions, state: State): StartContext {
  const {
    home,
    onProgress = () => {},
    fullJit = false,
    signal = new AbortController().signal
  } = options
  const port = (portName: PortName) => state.ports[portName] ?? fixedPorts[portName]
  return {
    home,
    folder: join(home, name),
    port,
    kafkaCluster: state.kafkaCluster ?? '',
    fullJit,
    onProgress,
    signal
  }
}

const startAttempts = 4

/**
 * Another program may take a port between its choice and the moment when the service opens it: then
 * with other ports again.
 */
async function startOne(name: ServiceName, options: StartOptions, state: State): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(name, options, state)
    } catch (error) {
      options.signal?.throwIfAborted()
      const lost = await lostPorts(name, state)
      if (lost.length === 0 || attempt === startAttempts) throw error
      options.onProgress?.(
        `${name}: another program has taken port ${lost.join(', ')} meanwhile, trying again`
      )
      await choosePorts(name, options, state)
    }
  }
}

async function lostPorts(name: ServiceName, state: State): Promise<number[]> {
  const ports = catalogue[name].ports.flatMap(portName => state.ports[portName] ?? [])
  const areFree = await Promise.all(ports.map(isFree))
  return ports.filter((_, i) => !areFree[i])
}

async function startOnce<N extends ServiceName>(
  name: N,
  options: StartOptions,
  state: State
): Promise<void> {
  const began = performance.now()
  const { home } = options
  const context = contextOf(name, options, state)
  const launcher = launchers[name]
  const { command, detail, archive } = await launcher.prepare(context)
  const log = join(home, 'log', `${name}.log`)
  const launched = await launch(command, log)
  const found = { ...detail, pid: launched.pid }
  const running: Running<N> = {
    process: launched,
    detail: found,
    log,
    kept: !options.shared,
    ...(archive ? { archive } : {})
  }
  Object.assign(state.running, { [name]: running })
  writeState(home, state)
  await untilReady(name, running, context)
  context.onProgress(`${name}: ready after ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

/**
 * Ready is who answers in its protocol while our own process holds the ports: another program there
 * does not count.
 */
async function untilReady(
  name: ServiceName,
  running: Running,
  context: StartContext
): Promise<void> {
  const { process: launched, log } = running
  const limit = performance.now() + readyTimeoutMs
  const ports = catalogue[name].ports.map(context.port)
  while (!(holdsAll(launched.pid, ports) && (await launchers[name].ready(context)))) {
    context.signal.throwIfAborted()
    if (!isAlive(launched)) throw startFailed(name, 'ended', log)
    const isLost = ports.some(port => holderOf(launched.pid, port) === 'other')
    if (isLost || performance.now() > limit) {
      await end(launched, 'SIGKILL', 5_000)
      const why = isLost
        ? 'could not have its ports: another program listens there'
        : `did not answer within ${readyTimeoutMs / 1000} s`
      throw startFailed(name, why, log)
    }
    await wait(50)
  }
  // where the system does not tell who holds a port, one that cannot have it ends soon after, while
  // the other program answers
  await wait(100)
  if (!isAlive(launched))
    throw startFailed(
      name,
      'ended right after its start (another program answers on its port)',
      log
    )
}

function startFailed(name: ServiceName, what: string, log: string): StackError {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15) : []
  return new StackError(
    'START_FAILED',
    `The ${catalogue[name].product} ${what}. The end of ${log}:\n${lines.join('\n')}`
  )
}

function detailsOf(state: State, names: readonly ServiceName[]): Partial<ServiceMap> {
  return Object.fromEntries(
    names.flatMap(name => (isRunning(state, name) ? [[name, state.running[name]?.detail]] : []))
  )
}

/**
 * The services that were started for a data folder, and have ended since, though nobody stopped
 * them: with the end of their log.
 */
export function endedServices(home: string): { name: ServiceName; reason: string }[] {
  const state = readState(home)
  const ended = serviceNames.filter(name => state.running[name] && !isRunning(state, name))
  return ended.map(name => ({
    name,
    reason: startFailed(name, 'has ended', state.running[name]?.log ?? '').message
  }))
}

/** The services of a data folder that run now. */
export function readServices(home: string): Partial<ServiceMap> {
  return detailsOf(readState(home), serviceNames)
}

/**
 * Ends services in order (all of them when none is named), each by the signal for it or by the
 * given one, and by SIGKILL when that takes too long.
 */
export async function stopServices(
  home: string,
  names: readonly ServiceName[] = serviceNames,
  signal?: NodeJS.Signals,
  timeoutMs?: number
): Promise<void> {
  if (!existsSync(stateFile(home))) return
  await locked(home, async () => {
    const state = readState(home)
    await Promise.all(names.map(name => stopOne(home, name, state, signal, timeoutMs)))
    writeState(home, state)
  })
}

/**
 * The end of a shared use: stops the services that were started for it, unless another living
 * process shares them.
 */
export async function leaveServices(home: string, timeoutMs?: number): Promise<void> {
  if (!readState(home).users.some(user => user.pid === process.pid)) return
  await locked(home, async () => {
    const state = readState(home)
    state.users = state.users.filter(user => user.pid !== process.pid && isAlive(user))
    const unused =
      state.users.length > 0 ? [] : serviceNames.filter(name => !state.running[name]?.kept)
    await Promise.all(unused.map(name => stopOne(home, name, state, undefined, timeoutMs)))
    writeState(home, state)
  })
}

async function stopOne(
  home: string,
  name: ServiceName,
  state: State,
  signal?: NodeJS.Signals,
  timeoutMs?: number
): Promise<void> {
  const running = state.running[name]
  if (!running) return
  const { stopSignal, stopTimeoutMs } = catalogue[name]
  const inOrder = await end(running.process, signal ?? stopSignal, timeoutMs ?? stopTimeoutMs)
  if (running.archive && inOrder && signal !== 'SIGKILL') keepArchive(home, running.archive)
  delete state.running[name]
}

/** kill -9, as a crash would do. */
export async function killService(home: string, name: ServiceName): Promise<void> {
  await stopServices(home, [name], 'SIGKILL')
}

/** Starts a service again (stopping it first if it runs) on the same ports and data. */
export async function restartService<N extends ServiceName>(
  home: string,
  name: N,
  options: Omit<StartOptions, 'home'> = {}
): Promise<ServiceMap[N]> {
  await stopServices(home, [name])
  const services = await startServices([name], {
    freePorts: true,
    samePorts: true,
    ...options,
    home
  })
  return services[name]
}

/**
 * Begins anew where no living process shares the services: what earlier runs left there slows the
 * brokers down.
 */
export async function resetUnshared(home: string): Promise<void> {
  if (!readState(home).users.some(isAlive)) await resetServices(home)
}

/** Ends what runs there and removes its data. The jars stay in the user's cache. */
export async function resetServices(home: string): Promise<void> {
  await stopServices(home, serviceNames, 'SIGKILL')
  rmSync(dirname(postgresData(join(home, 'postgres'))), { recursive: true, force: true })
  // not the whole folder: what tests run in a folder below it is not ours
  const own = [...serviceNames, 'log', 'certificates', 'archive']
  for (const name of own) rmSync(join(home, name), { recursive: true, force: true })
  rmSync(stateFile(home), { force: true })
}
