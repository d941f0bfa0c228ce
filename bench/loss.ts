/**
 * `node --import tsx bench/loss.ts [contestants] [cases] [--write-docs]`: kills the contestant and
 * Kafka in the middle of the work, and counts what the broker has acknowledged to the devices and
 * nobody finds afterwards.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { killService, startServices } from '../stack/lifecycle.ts'
import type { Count } from './arrivals.ts'
import { type Contestant, readContestants } from './contestant.ts'
import { writeBetween } from './docs.ts'
import { benchHome } from './field.ts'
import { arrived, firstTime, job, probeUntilReady, type Setting, Start } from './lanes/lane.ts'
import { preparedTopic } from './lanes/prepared.ts'
import { Publisher } from './publisher/publisher.ts'
import { inSession, program, type Session } from './session.ts'

const RECORDS = 60_000
const PER_SECOND = 5_000
/** When so many of the records are on their way, the blow falls. */
const BLOW_AT = RECORDS / 3
const RESTART_MS = 2_000
const KAFKA_AWAY_MS = 22_000
/** After a crash the group waits for the dead member's session, and clients back off for long. */
const STALL_MS = 120_000

const CASES = {
  'kill-A': 'contestant killed in A',
  'kafka-A': `Kafka killed for ${KAFKA_AWAY_MS / 1000} s in A`,
  'kill-C': 'contestant killed in C'
} as const
type Case = keyof typeof CASES

interface Loss {
  readonly contestant: string
  readonly case: Case
  readonly lost?: number
  readonly doubled?: number
  readonly problem?: string
}

async function ingest(
  session: Session,
  setting: Setting,
  contestant: Contestant,
  blow: (start: Start) => Promise<void>
): Promise<Count> {
  const { topics } = session.field
  const start = new Start(setting, contestant, 'A')
  const { RAW_TOPIC } = start.environment
  await topics.create(RAW_TOPIC, setting.partitions)
  // while Kafka is away nobody can be asked
  const size = () => topics.size(RAW_TOPIC).catch(() => 0)
  try {
    await probeUntilReady(start, start.start(), size)
    const before = await size()
    const publisher = await Publisher.prepare(
      job(start, { from: 0, count: RECORDS, firstMs: firstTime(), perSecond: PER_SECOND })
    )
    const { finished } = publisher.go()
    while (publisher.acknowledged < BLOW_AT) await wait(50)
    await blow(start)
    await finished
    const growth = async () => Math.max(0, (await size()) - before)
    await arrived({
      size: growth,
      expected: RECORDS,
      running: start.current,
      onProgress: shown(session, contestant),
      stallMs: STALL_MS
    })
    return (await topics.read(RAW_TOPIC, { from: 0, count: RECORDS })).count
  } finally {
    await start.clear()
  }
}

async function persist(session: Session, setting: Setting, contestant: Contestant): Promise<Count> {
  const start = new Start(setting, contestant, 'C')
  const CLEAN_TOPIC = await preparedTopic(setting, 'clean', RECORDS)
  const table = session.field.table(start.environment.TABLE)
  await table.create(setting.shape)
  const rows = async () => RECORDS - (await table.count(0, RECORDS)).missing
  try {
    start.start({ CLEAN_TOPIC })
    while ((await rows()) < BLOW_AT) await wait(5)
    await killAndRestart(start, { CLEAN_TOPIC })
    await arrived({
      size: rows,
      expected: RECORDS,
      running: start.current,
      onProgress: shown(session, contestant),
      stallMs: STALL_MS
    })
    return await table.count(0, RECORDS)
  } finally {
    await start.clear()
  }
}

async function killAndRestart(
  start: Start,
  environment: { CLEAN_TOPIC?: string } = {}
): Promise<void> {
  await start.current.kill()
  await wait(RESTART_MS)
  start.start(environment)
}

async function killKafka(): Promise<void> {
  await killService(benchHome, 'kafka')
  await wait(KAFKA_AWAY_MS)
  await startServices(['kafka'], { home: benchHome, freePorts: true, fullJit: true })
}

const shown =
  ({ progress }: Session, { name }: Contestant) =>
  (done: number) =>
    progress.show(`${name} ${done} of ${RECORDS}`)

function run(session: Session, contestant: Contestant, which: Case): Promise<Count> {
  const { setting } = session
  if (which === 'kill-C') return persist(session, setting, contestant)
  return ingest(session, setting, contestant, which === 'kafka-A' ? killKafka : killAndRestart)
}

async function tried(session: Session, contestant: Contestant, which: Case): Promise<Loss> {
  try {
    const { missing, doubled } = await run(session, contestant, which)
    return { contestant: contestant.name, case: which, lost: missing, doubled }
  } catch (error) {
    return {
      contestant: contestant.name,
      case: which,
      problem: error instanceof Error ? error.message : String(error)
    }
  }
}

const sentence = ({ contestant, case: which, lost, doubled, problem }: Loss) =>
  `${contestant}, ${CASES[which]}: ${problem ?? `${lost?.toLocaleString('en')} lost, ${doubled?.toLocaleString('en')} twice, of ${RECORDS.toLocaleString('en')}`}`

function table(losses: readonly Loss[]): string {
  const cases = [...new Set(losses.map(loss => loss.case))]
  const cell = (name: string, which: Case) => {
    const found = losses.find(loss => loss.contestant === name && loss.case === which)
    if (!found) return ''
    return (
      found.problem ??
      `${found.lost?.toLocaleString('en')}${found.doubled ? ` (${found.doubled.toLocaleString('en')} twice)` : ''}`
    )
  }
  const names = [...new Set(losses.map(({ contestant }) => contestant))]
  const rows = names.map(
    name => `| ${name} | ${cases.map(which => cell(name, which)).join(' | ')} |`
  )
  return `| lost | ${cases.map(which => CASES[which]).join(' | ')} |\n|---|${cases.map(() => '---:|').join('')}\n${rows.join('\n')}`
}

await program(async () => {
  const wanted = process.argv.slice(2)
  const all = readContestants().filter(({ isLimit }) => !isLimit)
  const cases = (Object.keys(CASES) as Case[]).filter(
    name => !wanted.some(word => word in CASES) || wanted.includes(name)
  )
  const contestants = all.filter(
    ({ name }) =>
      !wanted.some(word => all.some(other => other.name === word)) || wanted.includes(name)
  )
  for (const contestant of contestants) contestant.install()
  await inSession({}, async session => {
    const losses: Loss[] = []
    for (const which of cases) {
      for (const contestant of contestants) {
        const loss = await tried(session, contestant, which)
        session.progress.print(sentence(loss))
        losses.push(loss)
      }
    }
    if (wanted.includes('--write-docs')) writeBetween('loss', table(losses))
    writeFileSync(
      join(benchHome, 'loss.json'),
      `${JSON.stringify({ atMs: Date.now(), records: RECORDS, losses }, null, 2)}\n`
    )
    if (losses.some(({ contestant, lost }) => contestant === 'millrace' && lost !== 0))
      process.exitCode = 1
  })
})
