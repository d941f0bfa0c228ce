import assert from 'node:assert/strict'
import { type Options, parseOptions } from '../../../core/node/spec.ts'
import { isRejection } from '../../../core/record/record.ts'
import { Devices } from '../../../nodes/device-registry/device.ts'
import { DeviceWatch } from '../../../nodes/device-registry/logic.ts'
import { previewed } from '../../../nodes/device-registry/preview.ts'
import { checkTogether, Silences, writeEveryMs } from '../../../nodes/device-registry/settings.ts'
import { spec } from '../../../nodes/device-registry/spec.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const options = (more: object = {}): Options<typeof spec> =>
  parseOptions(spec, { database: 'db', ...more })
const reading = (device_id: string, seconds: number, more: object = {}) => ({
  device_id,
  metric: 'temperature_c',
  value: 21,
  ts_utc: new Date(T0 + seconds * 1000).toISOString(),
  ...more
})

function watched(more: object = {}) {
  const devices = new Devices(Number((more as { maxDevices?: number }).maxDevices ?? 1000))
  const watch = new DeviceWatch(options(more), devices)
  const look = (...records: unknown[]) => watch.look(records, T0 + 3_600_000)
  const obey = (...records: unknown[]) => watch.look(records, T0 + 3_600_000, true)
  return { devices, watch, look, obey }
}

describe('nodes/device-registry: records as they pass', () => {
  it('lets them pass unchanged, the very objects, and writes down what is new', () => {
    const { look } = watched()
    const records = [reading('a', 0, { device_type: 'TH-10', site: 's1' }), reading('a', 1)]
    const { passed, rejected, news } = look(...records)
    assert.deepEqual(rejected, [])
    assert.equal(passed[0], records[0])
    assert.equal(passed[1], records[1])
    assert.deepEqual(news, [
      { seen: { id: 'a', firstMs: T0, lastMs: T0, type: 'TH-10', site: 's1' } }
    ])
  })

  it('that time goes on is no news', () => {
    const { look, devices } = watched()
    look(reading('a', 0))
    assert.deepEqual(look(reading('a', 5), reading('a', 3)).news, [])
    assert.equal(devices.get('a')?.facts.lastMs, T0 + 5000)
  })

  it('births, wills and firmware are news, whatever words they use', () => {
    const { look } = watched()
    look(reading('a', 0))
    const say = (seconds: number, value: unknown) =>
      look(reading('a', seconds, { metric: 'online', value })).news.length
    assert.equal(say(1, false), 1)
    assert.equal(say(2, 'online'), 1)
    assert.equal(say(3, 'OFFLINE'), 1)
    assert.equal(say(4, 1), 1)
    assert.equal(say(5, true), 0)
    assert.equal(say(6, { odd: 1 }), 0)
    assert.equal(look(reading('a', 7, { firmware: '1.0' })).news.length, 0)
    assert.equal(look(reading('a', 8, { firmware: '1.1' })).news.length, 1)
    assert.equal(look(reading('a', 9, { metric: 'firmware', value: '1.2' })).news.length, 1)
  })

  it('a time that is missing, unreadable or far ahead is the time of arrival', () => {
    for (const ts_utc of [
      undefined,
      'soon',
      '2099-01-01T00:00:00Z',
      '1970-01-01T00:04:00Z',
      '-200000-01-01T00:00:00Z'
    ]) {
      const { look, devices } = watched()
      const { passed } = look(reading('a', 0, { ts_utc }))
      assert.equal(passed.length, 1)
      assert.equal(devices.get('a')?.facts.lastMs, T0 + 3_600_000)
    }
  })

  it('holds back who is new, where it is told to, and who is blocked', () => {
    const { look, devices } = watched({ unknown: 'reject' })
    const codes = () => {
      const { rejected, passed } = look(reading('a', 0))
      return [passed.length, ...rejected.map(({ reason }) => reason.code)]
    }
    assert.deepEqual(codes(), [0, 'DEVICE_UNKNOWN'])
    devices.get('a')!.approval = 'approved'
    assert.deepEqual(codes(), [1])
    devices.get('a')!.approval = 'blocked'
    assert.deepEqual(codes(), [0, 'DEVICE_BLOCKED'])
    const { rejected } = look({ metric: 't', value: 1 })
    assert.equal(rejected[0]?.reason.code, 'KEY_MISSING')
    assert.ok(isRejection(rejected[0]))
  })

  it('made-up names fill neither the memory nor the table', () => {
    const { look, devices } = watched({ maxDevices: 3 })
    const { passed, news } = look(...Array.from({ length: 10 }, (_, n) => reading(`d${n}`, n)))
    assert.deepEqual([passed.length, news.length, devices.size, devices.turnedAway], [10, 3, 3, 7])
  })

  it('a name that no database can hold passes, and is not listed', () => {
    const { look, devices } = watched()
    assert.equal(look(reading('a\0b', 0), reading('a\ud800', 0)).passed.length, 2)
    assert.equal(devices.size, 0)
  })

  it('no device approves itself: what it sends is a reading, whatever it is called', () => {
    const { look, devices } = watched({ unknown: 'reject' })
    const { news, rejected } = look(reading('a', 0, { command: 'approve' }))
    assert.deepEqual([news.length, rejected[0]?.reason.code], [1, 'DEVICE_UNKNOWN'])
    assert.equal(devices.get('a')?.approval, 'new')
  })

  it('one that is blocked tells nothing, whatever it sends', () => {
    const { look, devices } = watched()
    look(reading('a', 0))
    devices.get('a')!.approval = 'blocked'
    const flood = Array.from({ length: 100 }, (_, n) => reading('a', n, { firmware: `1.${n}` }))
    assert.deepEqual(look(...flood).news, [])
    assert.equal(devices.get('a')?.facts.firmware, '1.99')
  })

  it('what the table has no more finds its place again, but for what is on its way', () => {
    const { look, devices } = watched({ maxDevices: 2 })
    look(reading('a', 0), reading('b', 0), reading('c', 0))
    devices.get('b')!.pending = 0
    devices.keepOnly([...devices.all()], new Set())
    assert.deepEqual([devices.size, devices.turnedAway, devices.get('b')], [1, 0, undefined])
    assert.equal(look(reading('c', 1)).news.length, 1)
  })

  it('takes commands, and rejects those that are none', () => {
    const { obey } = watched()
    const { news, rejected, passed, commands } = obey(
      { command: 'approve', device_id: 'a', name: 'Boiler', by: 'shift 2' },
      { command: 'explode', device_id: 'a' },
      { command: 'block' },
      { command: 'set', device_id: 'a', name: 7 }
    )
    assert.deepEqual(news, [
      { command: { command: 'approve', id: 'a', set: { name: 'Boiler' }, by: 'shift 2' } }
    ])
    assert.deepEqual(
      rejected.map(({ reason }) => reason.code),
      ['COMMAND_UNKNOWN', 'KEY_MISSING', 'COMMAND_UNKNOWN']
    )
    assert.deepEqual([passed, commands], [[], 1])
  })

  it('a silence is by type, and decides how often a device is written', () => {
    const silences = [{ type: 'slow', after: '1 d' }]
    const given = options({ silence: '1 min', silences })
    const all = new Silences(given)
    assert.deepEqual([all.of('slow'), all.of(null), all.shortestMs], [86_400_000, 60_000, 60_000])
    assert.equal(writeEveryMs(given), 30_000)
    assert.equal(writeEveryMs(options({ silence: '' })), 60_000)
    assert.throws(() => checkTogether(options({ silence: '1 s' })), /at least 2 s/)
    assert.throws(() => checkTogether(options({ answers: 'token' })), /at least 16/)
  })

  it('the dialog shows what an empty list would tell', async () => {
    const { sort } = previewed(options())
    const payload = [reading('a', 0), reading('a', 1, { metric: 'online', value: false })]
    const { outputs } = await sort({ payload })
    assert.deepEqual(outputs[0], payload)
    assert.deepEqual(
      outputs[1]?.map(record => (record as { event: string }).event),
      ['new', 'offline']
    )
  })
})
