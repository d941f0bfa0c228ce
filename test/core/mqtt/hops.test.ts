import assert from 'node:assert/strict'
import { headersOf } from '../../../core/mqtt/headers.ts'
import { Hops, wayOf } from '../../../core/mqtt/hops.ts'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { further, leadsThrough, VIA, WaysTaken, wayOfMessage } from '../../../core/record/ways.ts'
import { withProvenance, withWayOf } from '../../../nodes/kafka-producer/provenance.ts'
import { Properties } from '../../../nodes/mqtt-publish/properties.ts'

const hopsOf = (id: string) => new Hops({ settings: { get: () => id } })
const told = (way: unknown) => ({ userProperties: { [VIA]: way as string } })

describe('the way of a message', () => {
  it('names a node alike after each start, and another one in another Node-RED', () => {
    const name = hopsOf('one').nameOf('in')
    assert.equal(hopsOf('one').nameOf('in'), name)
    assert.notEqual(hopsOf('one').nameOf('out'), name)
    assert.notEqual(hopsOf('two').nameOf('in'), name)
    const none = new Hops({})
    assert.equal(none.nameOf('in'), new Hops({ settings: { get: fails } }).nameOf('in'))
  })

  it('grows to so many nodes, and is not taken from what says none', () => {
    const names = Array.from({ length: 40 }, (_, index) => hopsOf('one').nameOf(String(index)))
    const way = names.reduce<string | undefined>(further, undefined)!
    assert.equal(way, names.slice(-32).join(','))
    assert.equal(wayOf(told(way)), way)
    assert.ok(leadsThrough(way, names[39]!) && !leadsThrough(way, names[0]!))
    for (const other of ['', 'short', [way, way], `${way},${way}`, `${names[0]}, ${names[1]}`])
      assert.equal(wayOf(told(other)), undefined)
  })

  it('goes on over Kafka and through nodes that add nothing to it', () => {
    const [first, second] = ['a', 'b'].map(id => hopsOf('one').nameOf(id)) as [string, string]
    assert.equal(headersOf('t', 1, false, told(first))[VIA], first)
    const headers = headersOf('t', 1, false, told(first), second)
    assert.equal(headers[VIA], `${first},${second}`)
    const origin = { kind: 'mqtt', topic: 't', qos: 1, retained: false } as const
    const sent = withProvenance({}, { origin, key: null, headers, raw: null }, null)
    const taken = {
      origin: { kind: 'kafka', topic: 't', partition: 0, offset: '0', timestamp: '0' } as const,
      key: null,
      headers: { ...sent, [VIA]: Buffer.from(String(sent[VIA])) },
      raw: null
    }
    const record = { [PROVENANCE]: new Provenance({ at: () => taken }, 0) }
    const options = { expiryS: 0, contentType: '', userProperties: [] }
    const properties = new Properties(options, 'server')
    assert.deepEqual(properties.of(record, undefined), {
      userProperties: { 'millrace.by': 'server', [VIA]: `${first},${second}` }
    })
    assert.deepEqual(properties.of({}, undefined), { userProperties: { 'millrace.by': 'server' } })
    assert.deepEqual(new Properties(options, undefined).of(record, undefined), {})
  })

  it('is on the message of what is made of several records, and goes on from there', () => {
    const names = ['a', 'b', 'c'].map(id => hopsOf('one').nameOf(id))
    const origin = { kind: 'mqtt', topic: 't', qos: 1, retained: false } as const
    const recordVia = (way: string | undefined) => {
      const headers = way === undefined ? {} : { [VIA]: way }
      const taken = { origin, key: null, headers, raw: null }
      return { [PROVENANCE]: new Provenance({ at: () => taken }, 0) }
    }
    const ways = new WaysTaken()
    assert.equal(wayOfMessage(ways.on({ payload: {} })), undefined)
    ways.take({ payload: recordVia(undefined) })
    ways.take({ payload: [recordVia(`${names[0]},${names[1]}`), recordVia(undefined)] })
    ways.take({ payload: [recordVia(`${names[1]},${names[2]}`)] })
    ways.take({ payload: [] })
    const made = { ...ways.on({ payload: {} }) }
    assert.equal(wayOfMessage(made), names.join(','))
    assert.deepEqual(Object.keys(made), ['payload'], 'nobody sees it')
    assert.deepEqual(withWayOf(made), { [VIA]: names.join(',') })
    assert.equal(withWayOf({ payload: {} }), undefined)
  })

  it('does not go on where a Kafka header that anybody wrote says what is none', () => {
    for (const written of ['a\0b', 'short', 'x'.repeat(70_000), '\n']) {
      const taken = {
        origin: { kind: 'kafka', topic: 't', partition: 0, offset: '0', timestamp: '0' } as const,
        key: null,
        headers: { [VIA]: Buffer.from(written) },
        raw: null
      }
      assert.equal(withProvenance({}, taken, null)[VIA], undefined)
      const record = { [PROVENANCE]: new Provenance({ at: () => taken }, 0) }
      const options = { expiryS: 0, contentType: '', userProperties: [] }
      assert.deepEqual(new Properties(options, 'server').of(record, undefined), {
        userProperties: { 'millrace.by': 'server' }
      })
    }
  })
})

function fails(): never {
  throw new Error('Settings not loaded')
}
