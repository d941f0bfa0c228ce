// Mostly waits.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { build } from '../../../build.ts'
import type { Field, NodeSpec } from '../../../core/node/spec.ts'
import { ROOT } from '../../house/sources.ts'
import type { FlowEntry } from '../../node-red.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { random } from './probe/requests.ts'
import { rubbishServers, type StrangeServer } from './probe/strange-servers.ts'

const DEPLOYS = 20
const STRANGE: readonly unknown[] = [
  ...[
    null,
    '',
    ' ',
    0,
    -1,
    1.5,
    1e300,
    true,
    false,
    [],
    {},
    [[]],
    [null],
    [{}],
    { a: { b: 1 } },
    '\0',
    '${HOME}',
    '${',
    '__proto__'
  ],
  ...[
    'constructor',
    '[',
    '(',
    '(a+)+$',
    '*',
    '{',
    '{}',
    '{"type":"object"}',
    'SELECT 1',
    'x'.repeat(20_000),
    '💥',
    '2',
    '1e9',
    '-5'
  ]
]

/**
 * What a person can leave in a dialog, or a program in a flow file: of the right kind mostly, else
 * of any.
 */
describe('flows with generated settings', function () {
  this.timeout(280_000)
  let specs: NodeSpec[]
  let rubbish: StrangeServer[]
  let nodeRed: NodeRedProcess
  const roll = random(20_261_128)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(roll() * items.length)]!

  before(async () => {
    await build()
    const rooms = readdirSync(join(ROOT, 'nodes'))
    specs = await Promise.all(
      rooms.map(async room => (await import(`../../../nodes/${room}/spec.ts`)).spec as NodeSpec)
    )
    rubbish = await rubbishServers()
    nodeRed = new NodeRedProcess({ flow: [{ id: 'tab', type: 'tab' }] })
    await nodeRed.start()
  })
  after(async () => {
    await nodeRed?.remove()
    await Promise.all((rubbish ?? []).map(server => server.close()))
  })

  /**
   * Of the settings that are strange: one wrong one keeps a node from its start, and whatever
   * refers to it.
   */
  let share = 0
  const port = () => pick([...rubbish.map(server => server.port), 1])

  function settingOf(name: string, field: Field): unknown {
    if (roll() < share) return pick(STRANGE)
    if (name === 'url' || name === 'brokers')
      return `${name === 'url' ? pick(['mqtt://', 'ws://', 'postgres://u:p@']) : ''}127.0.0.1:${port()}`
    if (field.kind === 'ref') return field.type
    if (field.kind === 'choice') return pick(Object.keys(field.choices))
    if (field.kind === 'number') return pick([field.default, field.default, field.min ?? 1])
    if (field.kind === 'bool') return roll() < 0.5
    return field.kind === 'text' && field.default === '' && roll() < 0.7
      ? 'some-name'
      : field.default
  }

  /** One node of every type, in a chain that ends, with one configuration node of every kind. */
  function flow(): FlowEntry[] {
    share = pick([0, 0.005, 0.02, 0.1])
    const tls = {
      id: 'tls-config',
      type: 'tls-config',
      cert: '',
      key: '',
      ca: '',
      verifyservercert: roll() < 0.5
    }
    const certificates =
      roll() < 0.3 ? { certdata: 'rubbish', keydata: 'rubbish', passphrase: 'x' } : {}
    const nodes = specs.map((spec, index): FlowEntry => {
      const next = index + 1 < specs.length ? [`n${index + 1}`] : []
      const values = Object.fromEntries(
        Object.entries(spec.fields).map(([name, field]) => [name, settingOf(name, field)])
      )
      const secrets = Object.entries(spec.fields).filter(([, { kind }]) => kind === 'secret')
      const credentials = Object.fromEntries(
        secrets.map(([name]) => [name, pick(['p', '', '${NO_SUCH}'])])
      )
      const id = spec.category === 'config' ? spec.type : `n${index}`
      const place =
        spec.category === 'config'
          ? {}
          : { z: 'tab', x: 1, y: 1, wires: spec.outputs.map(() => next) }
      return { ...values, id, type: spec.type, credentials, ...place }
    })
    const wires = [nodes.filter(({ z }) => z !== undefined).map(({ id }) => id)]
    const payload = JSON.stringify(
      pick([...STRANGE, { device_id: 'd', metric: 'm', value: 1, ts: 0 }])
    )
    const props = [{ p: 'payload', v: payload, vt: 'json' }]
    const inject = {
      id: 'inject',
      type: 'inject',
      z: 'tab',
      x: 1,
      y: 1,
      props,
      once: true,
      onceDelay: '0.01',
      wires
    }
    return [{ id: 'tab', type: 'tab' }, { ...tls, credentials: certificates }, inject, ...nodes]
  }

  it(`are told what is wrong, and Node-RED lives: ${DEPLOYS} deploys`, async () => {
    for (let deploy = 0; deploy < DEPLOYS; deploy++) {
      const body = JSON.stringify(flow())
      const headers = {
        'content-type': 'application/json',
        'Node-RED-Deployment-Type': pick(['full', 'nodes'])
      }
      const answer = await fetch(`${nodeRed.url}/flows`, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(30_000)
      }).catch((error: unknown) => {
        throw new Error(`deploy ${deploy}: ${nodeRed.output.slice(-3000)}`, { cause: error })
      })
      assert.equal(answer.status, 204, await answer.text())
      // so that they connect, take the message, and meet what the servers answer
      for (let i = 0; i < 20; i++) await nodeRed.metrics().then(() => wait(25))
    }
    assert.doesNotMatch(nodeRed.output, /uncaught|unhandled/i)
  })
})
