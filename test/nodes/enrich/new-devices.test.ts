import assert from 'node:assert/strict'
import { KeyRefusal } from '../../../nodes/enrich/answer.ts'
import { NewDevices } from '../../../nodes/enrich/new-devices.ts'
import { until } from '../../until.ts'

describe('nodes/enrich/new-devices', () => {
  let said: string[] = []
  let counts: number[] = []
  const devices = () => {
    said = []
    counts = []
    return new NewDevices({
      say: sentence => said.push(sentence),
      count: devices => counts.push(devices),
      silentMs: 30
    })
  }

  it('counts a device once, until it is known', () => {
    const news = devices()
    assert.equal(news.text, undefined)
    for (const key of ['a', 'b', 'a']) news.see(key, null)
    assert.equal(news.text, '2 new devices')
    news.see('a', [])
    news.see('never seen', [])
    assert.equal(news.text, '1 new device')
    assert.deepEqual(counts, [1, 2, 1])
    news.see('refused', new KeyRefusal('500'))
    assert.equal(news.text, '1 new device')
    news.close()
  })

  it('lists those of a batch in one line, and those that follow in the next', async () => {
    const news = devices()
    for (const key of ['a', 'b']) news.see(key, null)
    await until('the first line', () => said.length > 0)
    for (let made = 0; made < 25; made++) news.see(`c${made}`, null)
    await until('the second line', () => said.length > 1)
    assert.match(said[0]!, /^New devices: "a", "b"\. /)
    assert.match(said[1]!, /^New devices: "c0", .*"c19" and 5 more\. /)
    news.see('last', null)
    news.close()
    assert.match(said[2]!, /^New device: "last"\. The source of metadata does not know it/)
  })

  it('is bounded, whatever names are made up', () => {
    const news = devices()
    for (let made = 0; made < 5000; made++) news.see(`${made}-${'x'.repeat(10_000)}`, null)
    assert.equal(news.text, '1k+ new devices')
    news.close()
    assert.ok(said[0]!.length < 3000)
  })
})
