import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import { listen } from '../../../core/mqtt/listen.ts'
import { services } from '../../services.ts'
import { settingsOf } from './rig.ts'

describe('listening to a server', function () {
  this.timeout(60_000)
  const seldom = `seldom-${randomUUID().slice(0, 8)}`
  const often = `often-${randomUUID().slice(0, 8)}`
  let url: string
  let devices: MqttClient
  let sending: NodeJS.Timeout

  before(async () => {
    url = (await services('mqtt')).mqtt.url
    devices = await connectAsync(url)
    sending = setInterval(() => {
      for (let index = 0; index < 10; index++) devices.publish(`${often}/d${index}/t`, '1')
    }, 10)
  })
  after(async () => {
    clearInterval(sending)
    await devices?.endAsync()
  })

  it('to every topic: a kind that is seldom heard has its place among those that are heard often', async () => {
    const rooms = ['kitchen', 'hall']
    const timer = setInterval(() => {
      rooms.reverse()
      devices.publish(`${seldom}/${rooms[0]}/t`, '21.5')
    }, 700)
    const heard = await listen(settingsOf(url), ['#'], new AbortController().signal)
    clearInterval(timer)
    assert.equal(heard.length, 20)
    const of = (kind: string) => heard.filter(({ topic }) => topic.startsWith(kind))
    const places = of(seldom).map(({ topic }) => topic.split('/')[1])
    assert.deepEqual(new Set(places), new Set(['kitchen', 'hall']))
    assert.ok(of(often).length > 0)
  })

  it('to one kind of topic: it has enough as soon as it has twenty', async () => {
    const heard = await listen(settingsOf(url), [`${often}/#`], new AbortController().signal)
    assert.equal(heard.length, 20)
  })
})
