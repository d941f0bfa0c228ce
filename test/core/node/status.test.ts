import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { Rate } from '../../../core/node/rate.ts'
import { compact, type Shown, Status, shortened } from '../../../core/node/status.ts'

describe('status', () => {
  it('shows the first at once, then the last of those that follow, and nothing twice', async () => {
    const shown: Shown[] = []
    const changes = new EventEmitter()
    const status = new Status(now => {
      shown.push(now)
      changes.emit('shown')
    }, 500)
    status.healthy('1')
    const second = once(changes, 'shown')
    for (const text of ['2', '3', '4']) status.healthy(text)
    await second
    const third = once(changes, 'shown')
    status.healthy('4')
    status.waiting('away')
    await third
    assert.deepEqual(
      shown.map(({ text }) => text),
      ['1', '4', 'away']
    )
    status.close()
  })

  it('is silent once closed', () => {
    const shown: Shown[] = []
    const status = new Status(now => shown.push(now))
    status.close()
    status.failed('late')
    assert.deepEqual(shown, [])
  })
})

describe('shortened', () => {
  const cases: [string, string][] = [
    ['5.2k/s · 3 rejected', '5.2k/s · 3 rejected'],
    ['Zone: there is no time zone "Berlin"', 'Zone: there is no time zone…'],
    ['12 in flight · 3 to retry · lag 200', '12 in flight · 3 to retry…'],
    ['the server answered 503 Service Unavailable', 'the server answered 503…'],
    ['/data/a-very-long-name-of-a-file.csv', '/data/a-very-long-name-of-a-f…']
  ]
  for (const [text, short] of cases) it(text, () => assert.equal(shortened(text), short))

  it('is what is shown, beside the whole', async () => {
    const shown: [string, string][] = []
    new Status(({ text }, whole) => shown.push([text, whole])).waiting(
      'the server answered 503 Service Unavailable'
    )
    assert.deepEqual(shown, [
      ['the server answered 503…', 'the server answered 503 Service Unavailable']
    ])
  })
})

describe('compact', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [950, '950'],
    [999.6, '1000'],
    [1000, '1k'],
    [5230, '5.2k'],
    [120_400, '120k'],
    [999_499, '999k'],
    [1_200_000, '1.2M']
  ]
  for (const [value, text] of cases)
    it(`${value} is ${text}`, () => assert.equal(compact(value), text))
})

describe('Rate', () => {
  it('is the growth a second since it was last asked', () => {
    const rate = new Rate()
    const startMs = performance.now()
    rate.of(0, startMs + 1000)
    assert.equal(Math.round(rate.of(500, startMs + 2000)), 500)
    assert.equal(Math.round(rate.of(900, startMs + 2100)), 500)
  })

  it('does not count what was there before it was first asked, as after a deploy', () => {
    const rate = new Rate()
    const startMs = performance.now()
    assert.equal(rate.of(49_000, startMs + 1000), 0)
    assert.equal(Math.round(rate.of(49_100, startMs + 2000)), 100)
  })
})
