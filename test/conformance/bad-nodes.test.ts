import assert from 'node:assert/strict'
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import { checks } from '../../core/conformance/checks.ts'
import { conformanceNodes } from '../../core/conformance/nodes.ts'
import type { Subject } from '../../core/conformance/run.ts'
import { type ByOutput, defineTransform } from '../../core/node/define-transform.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { reject } from '../../core/record/record.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'

const specOf = (name: string) =>
  ({
    type: `millrace-${name}`,
    label: name,
    summary: 'A node of a test.',
    category: 'telemetry',
    family: 'transform',
    inputs: 1,
    outputs: ['passed', 'rejected'],
    fields: {}
  }) as const satisfies NodeSpec

const isFit = (record: unknown) => unfitness(record) === undefined
const letters = (records: readonly unknown[]) =>
  records.flatMap(record => {
    const unfit = unfitness(record)
    return unfit ? [reject(record, 'bad', unfit)] : []
  })

/** What each does wrong with the records of a message, and the promise that it breaks. */
const bad: Readonly<Record<string, { breaks: string; sort: (message: Message) => ByOutput }>> = {
  'lets-all-through': {
    breaks: 'rejects what is no record',
    sort: ({ payload }) => [recordsOf(payload), []]
  },
  'loses-one-of-ten': {
    breaks: 'loses no record and doubles none',
    sort: ({ payload }) => {
      const records = recordsOf(payload)
      return [
        records.filter((record, index) => isFit(record) && index % 10 !== 9),
        letters(records)
      ]
    }
  },
  'doubles-the-first': {
    breaks: 'loses no record and doubles none',
    sort: ({ payload }) => {
      const records = recordsOf(payload)
      const fit = records.filter(isFit)
      return [fit.length > 5 ? [fit[0]!, ...fit] : fit, letters(records)]
    }
  },
  'turns-round': {
    breaks: 'keeps the order of records',
    sort: ({ payload }) => {
      const records = recordsOf(payload)
      return [records.filter(isFit).reverse(), letters(records)]
    }
  },
  'forgets-the-origin': {
    breaks: 'lets each record keep where it came from',
    sort: ({ payload }) => {
      const records = recordsOf(payload)
      return [
        records.filter(isFit).map(record => JSON.parse(JSON.stringify(record))),
        letters(records)
      ]
    }
  },
  'knows-it-already': {
    breaks: 'deals with the same message again as it says',
    sort: ({ payload }) => {
      const records = recordsOf(payload)
      const fresh = records.filter(
        record => isFit(record) && !seen.has((record as { n: number }).n)
      )
      for (const record of fresh) seen.add((record as { n: number }).n)
      return [fresh, letters(records)]
    }
  }
}
const seen = new Set<number>()

/**
 * Answers with lists, never says that it is done, and does not end: what a definition of this
 * palette cannot do wrong.
 */
function handWritten(RED: NodeAPI): void {
  RED.nodes.registerType('always-a-list', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    this.on('input', (message: NodeMessage, send, done) => {
      send({ ...message, payload: recordsOf(message.payload) })
      done()
    })
  })
  RED.nodes.registerType('never-closes', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    this.on('input', (_message, _send, done) => done())
    this.on('close', (_done: () => void) => {})
  })
}

const subjectOf = (type: string): Subject => ({
  type,
  config: {},
  outputs: ['passed', 'rejected'],
  idField: 'n',
  record: n => ({ n, value: n })
})

describe('the conformance kit finds what is wrong with a node', function () {
  this.timeout(120_000)
  let nodeRed: RunningNodeRed

  before(async () => {
    const nodes = Object.entries(bad).map(([name, { sort }]) =>
      defineTransform(specOf(name), () => sort)
    )
    const good = defineTransform(specOf('good'), () => ({ payload }) => {
      const records = recordsOf(payload)
      return [records.filter(isFit), letters(records)]
    })
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, handWritten, good, ...nodes] })
  })
  after(() => nodeRed.stop())
  beforeEach(() => seen.clear())

  const named = (name: string) => checks.find(check => check.name === name) ?? assert.fail(name)

  for (const check of checks) {
    it(`and nothing wrong with a good one: ${check.name}`, () =>
      check.run(nodeRed, subjectOf('millrace-good')))
  }

  for (const [name, { breaks }] of Object.entries(bad)) {
    it(`${name}: ${breaks}`, () =>
      assert.rejects(named(breaks).run(nodeRed, subjectOf(`millrace-${name}`))))
  }

  it('always-a-list: answers one record with one, a list with a list', () =>
    assert.rejects(
      named('answers one record with one, a list with a list').run(
        nodeRed,
        subjectOf('always-a-list')
      )
    ))

  it('never-closes: closes in time', () =>
    assert.rejects(named('closes in time').run(nodeRed, subjectOf('never-closes'))))
})
