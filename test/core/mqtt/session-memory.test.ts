import assert from 'node:assert/strict'
import type mqtt from 'mqtt'
import type { Received } from '../../../core/mqtt/deferred-ack.ts'
import { SessionMemory } from '../../../core/mqtt/session-memory.ts'
import { makes } from '../../brokers.ts'
import type { MqttTap } from '../../mqtt-tap.ts'
import { until } from '../../until.ts'
import { publishNumbers, stageOf, unique } from './rig.ts'

for (const make of makes) {
  describe(`what a session knows over its connections, with ${make.name}`, function () {
    this.timeout(30_000)
    const stage = stageOf(make)
    const { taker, ids } = stage
    let tap: MqttTap
    let topic: string
    let publisher: mqtt.MqttClient
    beforeEach(() => {
      ;({ tap, topic, publisher } = stage)
    })

    it('takes what nobody has any more, however often it comes', async () => {
      const one = await taker()
      await publishNumbers(publisher, topic, 3)
      const old = [...(await one.took(3))]
      one.open = () => old
      tap.cut()
      await until('them again', () => tap.of('server', 'publish').length === 6)
      one.memory = new SessionMemory()
      one.open = () => []
      tap.cut()
      await one.took(6)
      assert.deepEqual(one.payloads, ['0', '1', '2', '0', '1', '2'])
    })

    it('recognises by packet id, DUP and content what it took before the connection broke', async () => {
      const one = await taker()
      const packet = (messageId: number, more: Partial<Received> = {}): Received => {
        return {
          cmd: 'publish',
          topic,
          payload: Buffer.from('1'),
          qos: 1,
          retain: false,
          messageId,
          dup: true,
          ...more
        }
      }
      // Artemis never sends such packets, so they come from here.
      const answered: number[] = []
      const acks = {
        acknowledge: (packets: readonly Received[]) =>
          answered.push(...packets.map(({ messageId }) => messageId!))
      }
      const { memory } = one
      const [first, second, third] = [packet(1), packet(2), packet(3)]
      memory.finishedTooLate([third])
      memory.ended([first, second])
      assert.ok(!memory.isAgain(packet(4), acks))
      assert.ok(
        !memory.isAgain(packet(2, { dup: false }), acks),
        'a new one under an id that was used before'
      )
      assert.ok(!memory.isAgain(packet(2), acks), "whose id is another message's now")
      assert.ok(memory.isAgain(packet(1), acks) && memory.isAgain(packet(3), acks))
      assert.deepEqual(answered, [3])
      memory.finished([first])
      assert.deepEqual(answered, [3, 1])
      memory.ended([])
      assert.ok(!memory.isAgain(packet(1), acks), 'acknowledged')
      const properties = { userProperties: { number: '1' }, messageExpiryInterval: 60 }
      memory.ended([packet(5, { properties }), packet(6, { properties }), packet(7)])
      assert.ok(
        !memory.isAgain(packet(5, { properties: { userProperties: { number: '2' } } }), acks)
      )
      assert.ok(!memory.isAgain(packet(7, { retain: true }), acks))
      assert.ok(
        memory.isAgain(
          packet(6, { properties: { ...properties, messageExpiryInterval: 50 } }),
          acks
        )
      )
    })

    if (make.strict) {
      for (const qos of [1, 2] as const) {
        const answer = qos === 1 ? 'puback' : 'pubrec'

        it(`QoS ${qos}: takes once what comes again while the flow has it, and acknowledges it where it came last`, async () => {
          const one = await taker({}, qos)
          await publishNumbers(publisher, topic, 10, qos)
          const old = [...(await one.took(10))]
          const oldAcks = one.acks!
          one.open = () => old
          tap.cut()
          await until('them again', () => tap.of('server', 'publish').length === 20)
          oldAcks.acknowledge(old.slice(0, 4))
          await until('four answers', () => ids('client', answer).length === 4)
          assert.deepEqual(ids('client', answer), ids('server', 'publish').slice(10, 14))
          await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
          one.open = () => []
          tap.cut()
          await until('the rest a third time', () => tap.of('server', 'publish').length === 26)
          await publishNumbers(publisher, topic, 1, qos, 10)
          await one.took(11)
          oldAcks.acknowledge(old.slice(4))
          one.acks!.acknowledge(one.taken.slice(10))
          await until('all answers', () => ids('client', answer).length === 11)
          assert.deepEqual(ids('client', answer).slice(4), ids('server', 'publish').slice(20))
          assert.deepEqual(
            one.payloads,
            Array.from({ length: 11 }, (_, index) => String(index))
          )
        })

        it(`QoS ${qos}: acknowledges at once what the flow was done with before it came again`, async () => {
          const one = await taker({}, qos)
          await publishNumbers(publisher, topic, 4, qos)
          const old = [...(await one.took(4))]
          const oldAcks = one.acks!
          one.open = () => {
            setImmediate(() => oldAcks.acknowledge(old.slice(1, 3)))
            return old.slice(1)
          }
          // As it is between the end of the socket and the word of it.
          one.link!.client.connected = false
          oldAcks.acknowledge(old.slice(0, 1))
          tap.cut()
          await until('three answers', () => ids('client', answer).length === 3)
          assert.deepEqual(ids('client', answer), ids('server', 'publish').slice(4, 7))
          oldAcks.acknowledge(old.slice(3))
          await until('the fourth', () => ids('client', answer).length === 4)
          assert.equal(one.taken.length, 4)
        })
      }

      it('of the same messages takes as many as were sent', async () => {
        const one = await taker()
        one.room = 2
        for (let times = 0; times < 4; times++)
          await publisher.publishAsync(topic, 'on', { qos: 1 })
        await publisher.publishAsync(topic, 'on', {
          qos: 1,
          properties: { userProperties: { number: '5' } }
        })
        const old = [...(await one.took(2))]
        await until('all five', () => tap.of('server', 'publish').length === 5)
        one.open = () => old
        one.room = 100
        tap.cut()
        await one.took(5)
        await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
        assert.equal(tap.of('server', 'publish').length, 10)
        assert.equal(one.taken.length, 5)
        assert.equal(one.taken.filter(({ properties }) => properties?.userProperties).length, 1)
      })

      it('takes once what a connection in between could not bring', async () => {
        const one = await taker()
        await publishNumbers(publisher, topic, 10)
        const old = [...(await one.took(10))]
        one.open = () => old
        tap.lose = ({ from, type }) => from === 'server' && type === 'publish'
        tap.cut()
        await until('the second connection', () => one.readies === 2)
        one.open = () => []
        tap.lose = () => false
        tap.cut()
        await until('the third connection', () => one.readies === 3)
        await publishNumbers(publisher, topic, 1, 1, 10)
        await one.took(11)
        assert.deepEqual(
          one.payloads,
          Array.from({ length: 11 }, (_, index) => String(index))
        )
      })

      it('takes once what was done after DISCONNECT was sent', async () => {
        const one = await taker()
        await publishNumbers(publisher, topic, 10)
        const old = [...(await one.took(10))]
        const ending = one.link!.end(1000)
        one.acks!.acknowledge(old)
        await ending
        await until('the second connection', () => one.readies === 2)
        await until('the answers', () => ids('client', 'puback').length === 10)
        assert.equal(one.taken.length, 10)
      })
    }
  })
}
