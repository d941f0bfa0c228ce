/**
 * The statements of Sparkplug 3.0 for a host application, by their numbers in the specification,
 * each with what shows that it is kept. Those for edge nodes are not ours.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { announcementsOf, filtersOf } from '../../../nodes/sparkplug-ingest/state.ts'
import { contentOf } from '../../core/sparkplug/publisher.ts'
import { Edge } from './edge.ts'
import { Scene } from './host-scene.ts'

const NOW_MS = 1_708_700_000_123
function announced() {
  const { birth, will } = announcementsOf('plant-1')(NOW_MS)
  return { birth: birth!, will: will! }
}
const STATE = 'spBv1.0/STATE/plant-1'

function plant() {
  const edge = new Edge('G', 'E')
  edge.metrics.set('d1', [{ name: 't', datatype: 10, double_value: 1 }])
  return edge
}

/** What is checked here, without a server. */
const checks: Readonly<Record<string, () => void>> = {
  'host-topic-phid-birth-topic, operational-behavior-host-application-connect-birth-topic, operational-behavior-host-application-host-id':
    () => assert.equal(announced().birth.topic, STATE),
  'host-topic-phid-birth-qos, operational-behavior-host-application-connect-birth-qos': () =>
    assert.equal(announced().birth.qos, 1),
  'host-topic-phid-birth-retain, operational-behavior-host-application-connect-birth-retained':
    () => assert.equal(announced().birth.retain, true),
  'host-topic-phid-birth-payload, host-topic-phid-birth-payload-timestamp, message-flow-phid-sparkplug-state-publish-payload, message-flow-phid-sparkplug-state-publish-payload-timestamp, operational-behavior-host-application-connect-birth-payload':
    () =>
      assert.deepEqual(JSON.parse(String(announced().birth.payload)), {
        online: true,
        timestamp: NOW_MS
      }),
  'host-topic-phid-death-topic, operational-behavior-host-application-connect-will-topic, operational-behavior-host-application-death-topic':
    () => assert.equal(announced().will.topic, STATE),
  'host-topic-phid-death-qos, operational-behavior-host-application-connect-will-qos, operational-behavior-host-application-death-qos':
    () => assert.equal(announced().will.qos, 1),
  'host-topic-phid-death-retain, operational-behavior-host-application-connect-will-retained, operational-behavior-host-application-death-retained':
    () => assert.equal(announced().will.retain, true),
  'host-topic-phid-death-payload, host-topic-phid-death-payload-timestamp-connect, operational-behavior-host-application-connect-will-payload, operational-behavior-host-application-death-payload':
    () =>
      assert.deepEqual(JSON.parse(String(announced().will.payload)), {
        online: false,
        timestamp: NOW_MS
      }),
  'host-topic-phid-birth-sub-required, message-flow-phid-sparkplug-subscription': () => {
    assert.deepEqual(filtersOf([], 'plant-1'), ['spBv1.0/#'])
    assert.deepEqual(filtersOf(['G'], 'plant-1'), ['spBv1.0/G/#', STATE])
  },
  'operational-behavior-host-reordering-param, operational-behavior-host-reordering-start, operational-behavior-host-reordering-success':
    () => {
      const edge = plant()
      const births = edge.births()
      const [late, early] = [edge.data('d1', { t: 2 }), edge.data('d1', { t: 3 })]
      const scene = new Scene({ reorderMs: 500 }).take(...births, early).pass(400)
      assert.equal(scene.commands.length, 0)
      scene.take(late).pass(1000)
      assert.equal(scene.commands.length, 0)
      assert.deepEqual(
        scene.records.slice(-2).map(({ value }) => value),
        [2, 3]
      )
    },
  'operational-behavior-host-reordering-rebirth, operational-behavior-data-commands-ncmd-rebirth-verb, operational-behavior-data-commands-ncmd-rebirth-name, operational-behavior-data-commands-ncmd-rebirth-value, operational-behavior-data-commands-ncmd-verb, operational-behavior-data-commands-ncmd-metric-name, operational-behavior-data-commands-ncmd-metric-value, topics-ncmd-topic, topics-ncmd-payload, topics-ncmd-timestamp, payloads-ncmd-timestamp, payloads-ncmd-seq':
    () => {
      const edge = plant()
      const scene = new Scene({ reorderMs: 500 }).take(...edge.births())
      edge.data('d1', { t: 2 })
      scene.take(edge.data('d1', { t: 3 })).pass(1000)
      const { topic, payload } = scene.commands[0]!
      assert.equal(topic, 'spBv1.0/G/NCMD/E')
      const { timestamp, seq, metrics } = contentOf(payload) as unknown as Record<
        string,
        unknown
      > & {
        metrics: { name: string; boolean_value: boolean; datatype: number }[]
      }
      assert.ok(Math.abs(Number(timestamp) - Date.now()) < 60_000)
      assert.ok(seq === undefined || seq === null)
      assert.deepEqual(
        metrics.map(({ name, boolean_value, datatype }) => [name, boolean_value, datatype]),
        [['Node Control/Rebirth', true, 11]]
      )
    },
  'operational-behavior-edge-node-termination-host-action-ndeath-node-offline, operational-behavior-edge-node-termination-host-action-ndeath-devices-offline':
    () => {
      const edge = plant()
      const scene = new Scene().take(...edge.births(), edge.ndeath())
      const gone = scene.records.filter(
        ({ metric, value }) => metric === 'online' && value === false
      )
      assert.deepEqual(
        gone.map(({ device }) => device ?? ''),
        ['', 'd1']
      )
    },
  'operational-behavior-edge-node-termination-host-action-ddeath-devices-offline': () => {
    const edge = plant()
    const scene = new Scene().take(...edge.births(), edge.ddeath('d1'))
    const { metric, value, device } = scene.records.at(-1)!
    assert.deepEqual([metric, value, device], ['online', false, 'd1'])
  }
}

/** By a test of another file, with a server: the title of the test. */
const elsewhere: Readonly<Record<string, string>> = {
  'host-topic-phid-birth-message, host-topic-phid-birth-required, host-topic-phid-death-required, intro-sparkplug-host-state, message-flow-phid-sparkplug-state-publish, message-flow-hid-sparkplug-state-message-delivered, operational-behavior-host-application-connect-birth, operational-behavior-host-application-connect-will, operational-behavior-host-application-termination, operational-behavior-host-application-disconnect-intentional, host-topic-phid-death-payload-timestamp-disconnect-clean':
    'says by STATE whether it is there, and says so again where that is denied',
  'topics-ncmd-mqtt, payloads-ncmd-qos, payloads-ncmd-retain':
    'asks an edge node that runs already for its births, and reads what came before them'
}

/** Not for this node, or left to whoever sets it up. */
const leftOut: Readonly<Record<string, string>> = {
  'message-flow-phid-sparkplug-clean-session-50, message-flow-phid-sparkplug-clean-session-311':
    'holds with the session that is new at each start; a kept one is an option, so that deaths are not missed',
  'operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale, operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale, operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale':
    'the node has no store of tags; the status records say from when on they are stale',
  'operational-behavior-host-application-multi-server-timestamp': 'one server a node',
  'topics-dcmd-topic, topics-dcmd-mqtt, topics-dcmd-payload, topics-dcmd-timestamp, payloads-dcmd-timestamp, payloads-dcmd-seq, payloads-dcmd-qos, payloads-dcmd-retain, operational-behavior-data-commands-dcmd-verb, operational-behavior-data-commands-dcmd-metric-name, operational-behavior-data-commands-dcmd-metric-value':
    'the node writes to no device',
  'host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet':
    'the will says it, with the time of its connection'
}

describe('sparkplug-ingest, the statements for host applications', () => {
  before(loadWire)

  for (const [statements, check] of Object.entries(checks)) it(statements, check)

  it('those that need a server are shown by tests that there are', () => {
    const tests = readFileSync(new URL('node.test.ts', import.meta.url), 'utf8')
    for (const title of Object.values(elsewhere)) assert.ok(tests.includes(`it('${title}'`), title)
  })

  it('each stands in one place', () => {
    const all = [checks, elsewhere, leftOut].flatMap(Object.keys).flatMap(ids => ids.split(', '))
    assert.equal(new Set(all).size, all.length)
    assert.ok(all.length > 60)
  })
})
