// Mostly waits.
import assert from 'node:assert/strict'
import type mqtt from 'mqtt'
import type { Received } from '../../../core/mqtt/deferred-ack.ts'
import { makes } from '../../brokers.ts'
import type { MqttTap } from '../../mqtt-tap.ts'
import { until } from '../../until.ts'
import { device, publishNumbers, stageOf, unique } from './rig.ts'

for (const make of makes) {
  describe(`acknowledging later, with ${make.name}`, function () {
    this.timeout(30_000)
    const stage = stageOf(make)
    const { taker, ids } = stage
    let tap: MqttTap
    let topic: string
    let publisher: mqtt.MqttClient
    beforeEach(() => {
      ;({ tap, topic, publisher } = stage)
    })

    it('sends no PUBACK before it is told to, then one each, in the order of the messages', async () => {
      const one = await taker()
      await publishNumbers(publisher, topic, 50)
      await one.took(50)
      assert.deepEqual(ids('client', 'puback'), [])
      one.acks!.acknowledge(one.taken.slice(0, 30))
      await until('30 PUBACKs', () => ids('client', 'puback').length === 30)
      one.acks!.acknowledge(one.taken.slice(30))
      await until('all PUBACKs', () => ids('client', 'puback').length === 50)
      assert.deepEqual(ids('client', 'puback'), ids('server', 'publish'))
    })

    it('trap: mqtt.js sends PUBACK by itself unless handleMessage calls back with an error', async () => {
      const client = await device(tap.url)
      client.handleMessage = (packet, callback) =>
        callback(packet.payload.toString() === '0' ? new Error('later') : undefined)
      await client.subscribeAsync(topic, { qos: 1 })
      await publishNumbers(publisher, topic, 2)
      await until('one PUBACK', () => ids('client', 'puback').length === 1)
      assert.deepEqual(ids('client', 'puback'), [tap.of('server', 'publish')[1]!.id])
      await client.endAsync(true)
    })

    it('gets no more than the Receive Maximum until it acknowledges', async () => {
      const one = await taker({ receiveMaximum: 20 })
      await publishNumbers(publisher, topic, 60)
      await one.took(20)
      await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
      assert.equal(
        one.taken.length,
        20,
        'an answer that came later than the 20th message shows that there is no 21st'
      )
      one.acks!.acknowledge(one.taken.slice(0, 5))
      await one.took(25)
      for (let done = 5; done < 60; done += 5) {
        one.acks!.acknowledge(one.taken.slice(done, done + 5))
        await one.took(Math.min(60, done + 25))
      }
      const came = make.strict ? one.payloads : one.payloads.sort((a, b) => Number(a) - Number(b))
      assert.deepEqual(
        came,
        Array.from({ length: 60 }, (_, index) => String(index))
      )
    })

    it('gets again what it has not acknowledged, and never acknowledges by the ids of an old connection', async () => {
      const one = await taker()
      await publishNumbers(publisher, topic, 10)
      await one.took(10)
      const oldAcks = one.acks!
      const old = [...one.taken]
      oldAcks.acknowledge(old.slice(0, 3))
      await until('the PUBACKs', () => ids('client', 'puback').length === 3)
      // The server has them before it hears of anything that comes after them.
      await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
      tap.cut()
      await until('a second connection', () => one.readies === 2)
      await one.took(17)
      oldAcks.acknowledge(old.slice(3))
      assert.deepEqual(one.payloads.slice(10), ['3', '4', '5', '6', '7', '8', '9'])
      one.acks!.acknowledge(one.taken.slice(10))
      await until('the other PUBACKs', () => ids('client', 'puback').length === 10)
      assert.deepEqual(ids('client', 'puback').slice(3), ids('server', 'publish').slice(10))
    })

    it('holds back QoS 2 at PUBREC and then completes the handshake', async () => {
      const one = await taker({}, 2)
      await publishNumbers(publisher, topic, 10, 2)
      await one.took(10)
      assert.deepEqual(
        one.taken.map(packet => packet.qos),
        Array(10).fill(2)
      )
      assert.deepEqual(ids('client', 'pubrec'), [])
      one.acks!.acknowledge(one.taken)
      await until('PUBCOMP of all', () => ids('client', 'pubcomp').length === 10)
      assert.deepEqual(ids('client', 'pubrec'), ids('server', 'publish'))
      assert.ok(one.taken.every(packet => !one.memory.isRecorded({ ...packet, dup: true })))
    })

    it('gets QoS 2 messages again that it had not recorded when the connection broke', async () => {
      const one = await taker({}, 2)
      await publishNumbers(publisher, topic, 6, 2)
      await one.took(6)
      one.acks!.acknowledge(one.taken.slice(0, 2))
      await until('PUBCOMP', () => ids('client', 'pubcomp').length === 2)
      await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
      tap.cut()
      await one.took(10)
      assert.deepEqual(one.payloads.slice(6), ['2', '3', '4', '5'])
    })

    if (make.strict) {
      it('does not take a QoS 2 message twice whose PUBREC was lost', async () => {
        const one = await taker({}, 2)
        await publishNumbers(publisher, topic, 3, 2)
        await one.took(3)
        tap.lose = packet => packet.from === 'client' && packet.type === 'pubrec'
        one.acks!.acknowledge(one.taken)
        await until('the lost PUBRECs', () => ids('client', 'pubrec').length === 3)
        tap.lose = () => false
        tap.cut()
        await until(
          'the handshakes of the second connection',
          () => ids('client', 'pubcomp').length === 3
        )
        assert.equal(one.taken.length, 3)
        assert.ok(one.taken.every(packet => !one.memory.isRecorded({ ...packet, dup: true })))
      })

      it('does not take a QoS 2 message twice whose PUBREL was lost', async () => {
        const one = await taker({}, 2)
        await publishNumbers(publisher, topic, 3, 2)
        await one.took(3)
        tap.lose = packet => packet.type === 'pubrel'
        one.acks!.acknowledge(one.taken)
        await until('the lost PUBRELs', () => tap.of('server', 'pubrel').length === 3)
        tap.lose = () => false
        tap.cut()
        await until(
          'the handshakes of the second connection',
          () => ids('client', 'pubcomp').length === 3
        )
        assert.equal(one.taken.length, 3)
      })
    } else {
      it('trap: takes a QoS 2 message twice whose PUBREC was lost, since the server gives it a new packet id', async () => {
        const one = await taker({}, 2)
        await publishNumbers(publisher, topic, 3, 2)
        await one.took(3)
        tap.lose = packet => packet.from === 'client' && packet.type === 'pubrec'
        one.acks!.acknowledge(one.taken)
        await until('the lost PUBRECs', () => ids('client', 'pubrec').length === 3)
        tap.lose = () => false
        tap.cut()
        await one.took(6)
        one.acks!.acknowledge(one.taken.slice(3))
        await until(
          'the handshakes of the second connection',
          () => ids('client', 'pubcomp').length === 3
        )
        assert.deepEqual(one.payloads, ['0', '1', '2', '0', '1', '2'])
      })
    }

    it('takes a new message whose packet id an interrupted handshake had', async () => {
      const one = await taker({}, 2)
      const another = {
        cmd: 'publish',
        topic,
        payload: Buffer.from('another'),
        qos: 2,
        retain: false,
        dup: false
      } as const
      for (let messageId = 1; messageId <= 65_535; messageId++)
        one.memory.record({ ...another, messageId })
      const sent = await publishNumbers(publisher, topic, 5, 2)
      await one.took(5)
      assert.deepEqual(one.payloads, sent)
    })

    it('takes a burst of QoS 2 through a small local bound, each message once', async () => {
      const one = await taker({ receiveMaximum: 65_535 }, 2)
      one.room = 40
      const sent = await publishNumbers(publisher, topic, 200, 2)
      for (let done = 0; done < 200; done += 40) {
        await one.took(done + 40)
        assert.equal(one.taken.length, done + 40)
        one.acks!.acknowledge(one.taken.slice(done, done + 40))
        one.room += 40
        one.acks!.resume()
      }
      assert.deepEqual(one.payloads, sent)
      await until('PUBCOMP of all', () => ids('client', 'pubcomp').length === 200)
    })

    it('keeps the connection alive while it holds back a message, and takes it first afterwards', async () => {
      const one = await taker({ keepaliveS: 1 })
      one.room = 2
      const sent = await publishNumbers(publisher, topic, 5)
      await until('a held message', () => one.acks!.holding)
      await until('pings over three keepalive times', () => tap.of('client', 'pingreq').length >= 6)
      assert.equal(one.link!.up, true)
      assert.equal(one.taken.length, 2)
      one.room = 10
      one.acks!.resume()
      await one.took(5)
      assert.deepEqual(one.payloads, sent)
      assert.equal(one.readies, 1)
    })

    it('keeps the connection alive over many short holds, though the answers to pings wait behind what is not read', async () => {
      const one = await taker({ keepaliveS: 1, receiveMaximum: 2000 })
      one.room = 1
      await publishNumbers(publisher, topic, 600)
      const before = tap.of('client', 'pingreq').length
      const flow = setInterval(() => {
        one.room = one.taken.length + 2
        one.acks!.resume()
      }, 50)
      try {
        await until(
          'pings over three keepalive times',
          () => tap.of('client', 'pingreq').length >= before + 6
        )
        assert.deepEqual(one.problems, [])
        assert.ok(one.taken.length > 20, 'there were many holds')
        assert.ok(one.taken.length < 600, 'and always something to read')
      } finally {
        clearInterval(flow)
      }
    })

    it('leaves the pings to mqtt.js when the holds are over, so that a dead server is noticed', async () => {
      const one = await taker({ keepaliveS: 1 })
      one.room = 1
      await publishNumbers(publisher, topic, 2)
      await until('a held message', () => one.acks!.holding)
      one.room = 10
      one.acks!.resume()
      await one.took(2)
      tap.freeze()
      await until('the loss', () => one.problems.length > 0)
      assert.match(one.problems[0]!, /stopped answering/)
    })

    it('holds back QoS 0 too, in the socket', async () => {
      const one = await taker({}, 0)
      one.room = 1
      const sent = await publishNumbers(publisher, topic, 100, 0)
      await until('a held message', () => one.acks!.holding)
      assert.equal(one.taken.length, 1)
      one.room = 1000
      one.acks!.resume()
      await one.took(100)
      assert.deepEqual(one.payloads, sent)
      one.acks!.acknowledge(one.taken)
      assert.deepEqual(ids('client', 'puback'), [])
    })

    it('speaks MQTT 3.1.1 as well', async () => {
      const one = await taker({ protocolVersion: 4 })
      await publishNumbers(publisher, topic, 10)
      await one.took(10)
      assert.deepEqual(ids('client', 'puback'), [])
      one.acks!.acknowledge(one.taken)
      await until('all PUBACKs', () => ids('client', 'puback').length === 10)
      tap.cut()
      await until('a second connection', () => one.readies === 2)
      assert.equal(one.link!.sessionPresent, true)
      await publishNumbers(publisher, topic, 1)
      await one.took(11)
    })

    it('takes a payload of 1 MB', async () => {
      const one = await taker()
      const payload = Buffer.alloc(1_000_000, 'x')
      await publisher.publishAsync(topic, payload, { qos: 1 })
      await one.took(1)
      assert.equal(payload.equals(one.taken[0]!.payload as Buffer), true)
    })

    it('knows the topic where the server uses a topic alias', async () => {
      const one = await taker({ topicAliasMaximum: 5 })
      await publishNumbers(publisher, topic, 3)
      await one.took(3)
      assert.deepEqual(
        one.taken.map(packet => packet.topic),
        [topic, topic, topic]
      )
    })

    it('takes a message for another if it is, though it has the id of a recorded one and DUP', async () => {
      const one = await taker({}, 2)
      one.memory.record({
        cmd: 'publish',
        topic,
        payload: Buffer.from('1'),
        qos: 2,
        retain: false,
        messageId: 7,
        dup: false
      })
      const packet: Received = {
        cmd: 'publish',
        topic,
        payload: Buffer.from('2'),
        qos: 2,
        retain: false,
        messageId: 7,
        dup: true
      }
      one.link!.client.emit('packetreceive', packet)
      one.link!.client.handleMessage(packet, () => {})
      assert.deepEqual(
        one.taken.map(({ payload }) => payload.toString()),
        ['2']
      )
    })

    it('leaves alone what mqtt.js hands over after the end of the connection', async () => {
      const one = await taker({}, 2)
      const sent = await publishNumbers(publisher, topic, 1, 2)
      const [packet] = await one.took(1)
      one.acks!.acknowledge([packet!])
      one.acks!.end()
      one.link!.client.emit('packetreceive', { ...packet!, dup: true })
      one.link!.client.handleMessage({ ...packet!, dup: true }, () => assert.fail('nobody is told'))
      assert.deepEqual(one.payloads, sent)
    })

    it('learns a topic alias from a message that it has recorded and does not take again', async () => {
      const one = await taker({ topicAliasMaximum: 5 }, 2)
      one.memory.record({
        cmd: 'publish',
        topic,
        payload: Buffer.from('1'),
        qos: 2,
        retain: false,
        messageId: 7,
        dup: false
      })
      // Neither server repeats a message under an alias, so these packets come from here.
      const qos2 = {
        cmd: 'publish',
        payload: Buffer.from('1'),
        qos: 2,
        retain: false,
        properties: { topicAlias: 1 }
      } as const
      const give = (messageId: number, name: string, dup: boolean) => {
        const packet: Received = { ...qos2, messageId, topic: name, dup }
        one.link!.client.emit('packetreceive', packet)
        one.link!.client.handleMessage(packet, () => {})
      }
      give(7, topic, true)
      give(8, '', false)
      assert.deepEqual(
        one.taken.map(packet => [packet.messageId, packet.topic]),
        [[8, topic]]
      )
    })
  })
}
