import assert from 'node:assert/strict'
import { isRejection, provenanceOf } from '../record/record.ts'
import { ConformanceRun, type Harness, inTime, type Subject } from './run.ts'

/** One promise that every node keeps; `run` rejects with what it saw where the node does not. */
export interface ConformanceCheck {
  readonly name: string
  run(harness: Harness, subject: Subject): Promise<void>
}

/** What a payload may hold that is no record. */
const NO_RECORDS = [null, 'text', 7, true, [1, 2], ''] as const

let runs = 0
const start = (harness: Harness, subject: Subject, alone = false) =>
  ConformanceRun.start(harness, subject, ++runs, alone)
const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index)

/**
 * Sizes of batches that were drawn once, so that a failure is seen again: 0 stands for one record
 * that is no list.
 */
const SIZES = [0, 1, 7, 0, 0, 25, 3, 100, 0, 2, 13, 1, 1, 40, 0, 5]

function rejectedOutput({ outputs }: Subject): number {
  return outputs.indexOf('rejected')
}

async function rejectsWhatIsNoRecord(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  const { unfit = NO_RECORDS } = subject
  const alone = unfit.filter(value => !Array.isArray(value))
  for (const payload of [...alone, [...unfit]]) await run.send(payload)
  const sent = alone.length + unfit.length
  const rejected = rejectedOutput(subject)
  for (const [output, label] of subject.outputs.entries()) {
    if (output === rejected || label === 'otherwise') continue
    assert.deepEqual(run.records(output), [], `What is no record left by the output "${label}".`)
  }
  if (rejected < 0) return
  const letters = run.records(rejected)
  assert.equal(
    letters.length,
    sent,
    'Each value that is no record leaves by the output "rejected".'
  )
  for (const letter of letters)
    assert.ok(isRejection(letter) && letter.reason.code !== '', 'It says why.')
}

async function losesAndDoublesNothing(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  let next = 0
  for (const [index, size] of SIZES.entries()) {
    const good = numbers(next, Math.max(size, 1)).map(n => run.record(n))
    next += good.length
    // Among the good ones stands every now and then one that is no record.
    const mixed = index % 4 === 3 && size > 0 ? [...good, null] : good
    await run.send(size === 0 ? good[0] : mixed)
  }
  const ids = subject.outputs.flatMap((_, output) =>
    run
      .records(output)
      .map(record => run.idOf(record))
      .filter(id => id !== undefined)
  )
  const { metrics } = run
  if (!subject.copies && !subject.many)
    assert.equal(new Set(ids).size, ids.length, 'A record left twice.')
  const lost = numbers(0, next).filter(n => !ids.includes(n))
  const accounted = metrics.filtered + metrics.duplicates
  const swallowed = lost.length - accounted
  assert.ok(swallowed <= 0, `Records went nowhere, and no count says so: ${lost.slice(0, 5)}`)
  assert.equal(metrics.inFlight, 0, 'Something is still counted as in flight.')
  const nulls = SIZES.filter((size, index) => index % 4 === 3 && size > 0).length
  assert.equal(metrics.in, next + nulls, 'Each record is counted once as taken.')
}

async function keepsOrder(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  const batches = [numbers(0, 30), numbers(30, 1), numbers(31, 50), numbers(81, 19)]
  const fed = batches.map(batch => run.offer(batch.map(n => run.record(n))))
  await inTime(Promise.all(fed.map(each => each.acknowledged)), 'Messages were never acknowledged.')
  await run.sentOn()
  for (const [output, label] of subject.outputs.entries()) {
    const messages = run.left.filter(message => message.output === output)
    const lists = messages.map(({ payload }) =>
      [payload].flat().map(record => Number(run.idOf(record)))
    )
    for (const ids of subject.order === 'within a message' ? lists : [lists.flat()]) {
      const sorted = [...ids].sort((a, b) => a - b)
      assert.deepEqual(
        ids,
        sorted,
        `Records left by the output "${label}" in another order than they came.`
      )
    }
  }
}

async function keepsProvenance(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  await run.send([run.record(0), run.record(1)])
  for (const [output, label] of subject.outputs.entries()) {
    for (const record of run.records(output)) {
      const origin = provenanceOf(record)?.taken.origin
      const offset = origin?.kind === 'kafka' ? origin.offset : undefined
      assert.equal(
        offset,
        String(run.idOf(record)),
        `A record that left by "${label}" does not know where it came from.`
      )
    }
  }
}

async function answersInKind(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  await run.send(run.record(0))
  const singles = run.left.length
  if (!subject.many)
    for (const { payload } of run.left)
      assert.ok(!Array.isArray(payload), 'One record was answered with a list.')
  await run.send([run.record(1)])
  await run.send([run.record(2), run.record(3)])
  for (const { payload } of run.left.slice(singles))
    assert.ok(Array.isArray(payload), 'A list was answered with one record.')
}

async function takesTheSameAgain(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  const batch = [run.record(0), run.record(1), null]
  await run.send(batch)
  const first = run.left.length
  const counted = run.metrics.filtered + run.metrics.duplicates
  await run.send(batch)
  const again = run.left.slice(first)
  const shape = (messages: typeof again) =>
    messages.map(({ output, payload }) => [
      output,
      [payload].flat().map(record => run.idOf(record))
    ])
  if ((subject.again ?? 'same') === 'same') {
    assert.deepEqual(
      shape(again),
      shape(run.left.slice(0, first)),
      'The same message was dealt with otherwise when it came again.'
    )
    return
  }
  const repeated = again.filter(({ output }) => output !== rejectedOutput(subject))
  const left = repeated.flatMap(({ payload }) => [payload].flat()).length
  const out = run.metrics.filtered + run.metrics.duplicates - counted
  assert.equal(left + out >= 2 && out > 0, true, 'What is left out when it comes again is counted.')
}

/**
 * Nothing else confirms here: the source waits until the node itself says that the records are
 * durable.
 */
async function storesBeforeItConfirms(harness: Harness, subject: Subject): Promise<void> {
  if (subject.stored === undefined) return
  const run = await start(harness, subject, true)
  let next = 1000
  for (const size of [1, 20, 1, 200]) {
    const records = numbers(next, size).map(n => run.record(n))
    next += size
    const fed = await run.send(size === 1 ? records[0] : records)
    const there: ReadonlySet<string> = new Set(await subject.stored())
    const missing: string[] = records
      .map(record => String(run.idOf(record)))
      .filter(id => !there.has(id))
    assert.deepEqual(
      missing.slice(0, 5),
      [],
      'Records were confirmed that the service does not have.'
    )
    assert.equal(fed.attempts, 1, 'The node did not confirm what it has stored, and got it again.')
  }
}

async function closesInTime(harness: Harness, subject: Subject): Promise<void> {
  const run = await start(harness, subject)
  for (const batch of [numbers(0, 50), numbers(50, 50), numbers(100, 50)])
    void run.offer(batch.map(n => run.record(n)))
  const began = performance.now()
  await inTime(harness.deploy([]), 'The node did not close within the 15 s that Node-RED gives it.')
  const tookMs = performance.now() - began
  assert.ok(tookMs < 14_500, `Closing took ${Math.round(tookMs)} ms; Node-RED gives a node 15 s.`)
}

/** Every promise of a node that takes records, in the order of how much hangs on it. */
export const checks: readonly ConformanceCheck[] = [
  { name: 'rejects what is no record', run: rejectsWhatIsNoRecord },
  { name: 'loses no record and doubles none', run: losesAndDoublesNothing },
  { name: 'keeps the order of records', run: keepsOrder },
  { name: 'lets each record keep where it came from', run: keepsProvenance },
  { name: 'answers one record with one, a list with a list', run: answersInKind },
  { name: 'deals with the same message again as it says', run: takesTheSameAgain },
  { name: 'a sink has stored what it confirms', run: storesBeforeItConfirms },
  { name: 'closes in time', run: closesInTime }
]
