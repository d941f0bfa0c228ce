import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { CountedEngine } from '../../../core/state/counted-engine.ts'
import { attemptOf } from '../../../core/state/counted-records.ts'
import { expectedIn, expectedOf } from '../../../nodes/route/expected.ts'
import { Met } from '../../../nodes/route/met.ts'
import { routerOverTime } from '../../../nodes/route/over-time.ts'
import { spec } from '../../../nodes/route/spec.ts'
import { at, overTime, row, rule, run, silent, T0, told } from './route-over-time.ts'

const ABOVE = row('gt', 80)
const MISSING = row('missing_for', '5 min', undefined, 'device_id')
const device = { key: [{ field: 'device_id' }] }
const lasting = rule([ABOVE], { lasts: '30 s' })

describe('route over time: what it may remember', () => {
  it('rejects what has no key or time, or a time in the future', () => {
    const { rejected } = run({ rules: [lasting] }, [
      at(0, 1),
      { ...at(0, 1), ts_utc: 'soon' },
      { ...at(0, 1), device_id: null },
      { given: at(4000, 1), atMs: T0 }
    ])
    assert.deepEqual(
      rejected.map(({ reason }) => reason.code),
      ['TS_UNPARSABLE', 'KEY_MISSING', 'TS_FUTURE']
    )
  })

  it('of a million devices as many as it may, and says so of the others', () => {
    const { memory, clock, bounds } = overTime({ rules: [lasting], ...device, maxKeys: 1000 })
    const engine = new CountedEngine(
      { memory, clock, bounds },
      {
        outputs: 3,
        rejectedOutput: 2,
        stage: 'route'
      }
    )
    let full = 0
    const attempt = attemptOf({}, {})
    for (let index = 0; index < 1_000_000; index++) {
      engine.taking.begin()
      engine.take(at(0, 81, { device_id: `d${index}` }), index, attempt, T0)
      full += engine.taking.outputs[2]!.length
    }
    assert.deepEqual([engine.size, full], [1000, 999_000])
  }).timeout(60_000)

  it('of a value that rises for ever, no more than sixty steps', () => {
    const { memory } = overTime({ rules: [rule([row('rises', 1e9, '1 min')])] })
    const turn = { emit() {}, reject() {}, absorb() {}, clockMs: 0 }
    let state: ReturnType<typeof memory.take>
    for (let ms = 0; ms < 300_000; ms += 5)
      state = memory.take(state, at(ms / 1000, ms), T0 + ms, turn)
    assert.ok(JSON.stringify(state).length < 3000)
  })

  it('of a record that is very long, whose it is', () => {
    const rules = [rule([MISSING])]
    const { outputs } = run({ rules, ...device }, [at(0, 'x'.repeat(100_000)), silent(400)])
    assert.deepEqual(told({ outputs } as never), ['!300'])
    assert.ok(JSON.stringify(outputs[0]).length < 1000)
  })

  it('a record years late is one that comes too late', () => {
    const old = { ...at(0, 99), ts_utc: '2019-01-01T00:00:00Z' }
    const ran = run({ rules: [lasting, rule([row('gt', 90)])] }, [at(0, 1), old, at(10, 1)])
    assert.deepEqual([ran.late, ran.outputs[1]?.length, ran.outputs[0]], [1, 1, []])
  })

  it('begins anew with a rule that was changed, and goes on with the others', () => {
    const changed = rule([row('gt', 79)], { lasts: '30 s' })
    const steps = [
      at(0, 81),
      at(20, 82),
      { redeployed: overTime({ rules: [changed, lasting], send: 'every' }) as never },
      at(40, 83)
    ]
    const ran = run({ rules: [lasting], send: 'every' }, steps)
    // The changed one has seen one record; before the deploy the second output was for the rest.
    assert.deepEqual([told(ran, 0), told(ran, 1)], [[], ['0', '20', '20', '40']])
  })

  const both = { key: [{ field: 'device_id' }, { field: 'metric' }] }
  for (const [name, before, after] of [
    ['more', both, device],
    ['fewer', device, both]
  ] as const)
    it(`tells nothing of what it remembered by ${name} fields`, () => {
      const rules = [rule([MISSING]), lasting]
      const engine = (options: object, kept: [string, string][], nowMs: number) => {
        const taking = { outputs: 3, rejectedOutput: 2, stage: 'route' }
        const made = new CountedEngine(overTime({ rules, ...options }), taking)
        made.load(kept, nowMs)
        made.expect([], nowMs)
        return made
      }
      const first = engine(before, [], T0)
      first.take(at(0, 81), 0, attemptOf({}, {}), T0)
      const kept = [...first.changes()] as [string, string][]
      const second = engine(after, kept, T0 + 1000)
      const left: object[] = []
      for (let passedS = 1; passedS < 900; passedS++) {
        second.pass(T0 + passedS * 1000)
        left.push(...second.taking.outputs.flat())
      }
      assert.deepEqual([left, second.size], [[], 0])
    })

  it('needs nothing of all this where no rule is over time', () => {
    const plain = parseOptions(spec, {})
    assert.equal(routerOverTime(plain, new Met(1)), undefined)
  })

  it('says which rules no record has met', () => {
    const met = new Met(2)
    const options = parseOptions(spec, { rules: [lasting, rule([row('gt', 500)])] })
    const { memory, note } = routerOverTime(options, met)!
    const turn = { emit() {}, reject() {}, absorb() {}, clockMs: 0 }
    let state = memory.take(undefined, at(0, 81), T0, turn)
    state = memory.take(state, at(40, 81), T0 + 40_000, turn)
    assert.equal(note?.(), 'rule 2 never met in 2')
  })
})

describe('route over time: devices that are expected', () => {
  const lists: [text: string, ids: string[]][] = [
    ['', []],
    ['a\n b \n\n# none\na', ['a', 'b']],
    ['d1,hall A\n"d,2";hall B', ['d1', 'd,2']]
  ]
  for (const [text, ids] of lists)
    it(JSON.stringify(text), () => assert.deepEqual(expectedIn(text), ids))

  const [one, two] = [['device_id'], ['site', 'device_id']]
  const rows = (...ids: unknown[]) => ids.map(id => ({ hall: 'A', site: 's', device_id: id }))
  const many = Array.from({ length: 100_001 }, (_, index) => `d${index}`)
  const told: [name: string, told: unknown, fields: string[], keys: string[] | RegExp][] = [
    ['rows', rows('a', 7), one, ['a', '7']],
    ['rows with the name first', [{ name: 'a', hall: 'A' }, { name: 'b' }], one, ['a', 'b']],
    ['names', ['a', 'b', 'a', 3], one, ['a', 'b', '3']],
    ['a text', 'name\na,hall A', one, ['name', 'a']],
    ['no device at all', [], one, []],
    ['rows of two fields', rows('a', 'a', 7), two, ['1:s1:a', '1:s1:7']],
    ['an object', { a: 1 }, one, /it is no list: send rows with device_id, or a list of names/],
    ['null', null, one, /it is no list/],
    ['a number', 7, one, /it is no list/],
    ['an empty name', rows('a', ''), one, /element 2 has not what tells devices apart/],
    ['an empty row', ['a', {}], one, /element 2/],
    ['nothing', ['a', 'b', null], one, /element 3/],
    ['true', [true], one, /element 1/],
    ['a name of 501 characters', ['x'.repeat(501)], one, /element 1/],
    ['names where two fields tell', ['a'], two, /element 1 .*: send rows with site, device_id\.$/],
    ['a text where two fields tell', 'a', two, /a text has one name a line: send rows with site/],
    ['rows of one field too few', [{ device_id: 'a' }], two, /element 1/],
    ['no field that tells', ['a'], [], /"Separately for each" has no field/],
    ['too many', many, one, /it has 100001 devices; at most 100000 can be expected/]
  ]
  for (const [name, list, fields, keys] of told)
    it(`told by a message, ${name} for ${fields.join(', ')}: ${keys}`, () => {
      if (Array.isArray(keys)) assert.deepEqual(expectedOf(list, fields), keys)
      else
        assert.throws(() => expectedOf(list, fields), { code: 'EXPECTED_INVALID', message: keys })
    })

  it('are at most as many as the node remembers', () => {
    const { expectedOf: told } = overTime({ rules: [rule([MISSING])], ...device, maxKeys: 2 })
    assert.throws(() => told!(['a', 'b', 'c']), /it has 3 devices; at most 2 can be expected/)
  })

  it('are missing though they never came, once, also over restarts; others as always', () => {
    const options = { rules: [rule([MISSING])], ...device, expected: 'a\nb\nc' }
    const remembering = overTime(options)
    const kept = new Map<string, string>()
    const toldOf: string[] = []
    const start = (nowMs: number, expected = remembering.expected!) => {
      const engine = new CountedEngine(remembering, {
        outputs: 3,
        rejectedOutput: 2,
        stage: 'route'
      })
      engine.load([...kept], nowMs)
      engine.expect(expected, nowMs)
      return {
        take: (second: number, id: string) => {
          engine.taking.begin()
          engine.take(at(second, 1, { device_id: id }), 0, attemptOf({}, {}), T0 + second * 1000)
        },
        pass: (second: number) => {
          engine.pass(T0 + second * 1000)
          for (const record of engine.taking.outputs[0]!) toldOf.push(JSON.stringify(record))
        },
        stop: () => {
          for (const [key, value] of engine.changes())
            value === undefined ? kept.delete(key) : kept.set(key, value)
        }
      }
    }
    const first = start(T0)
    first.take(100, 'a')
    first.pass(200)
    first.stop()
    // Ten minutes without Node-RED are no silence.
    const second = start(T0 + 800_000)
    second.pass(890)
    assert.deepEqual(toldOf, [])
    second.pass(960)
    second.stop()
    const never = (id: string) => ({
      device_id: id,
      ts_utc: at(300, 0).ts_utc,
      missing: 'device_id',
      missing_s: 300,
      last_seen: null
    })
    assert.deepEqual(
      toldOf.splice(0).sort(),
      ['b', 'c'].map(id => JSON.stringify(never(id)))
    )
    // Told once; one that came late is known from then on, and one that is not expected forgotten.
    const third = start(T0 + 1_000_000, ['a', 'b'])
    third.take(1000, 'b')
    third.pass(1020)
    assert.deepEqual(toldOf, [])
    third.pass(1400)
    const missed = toldOf.map(text => JSON.parse(text) as { device_id: string; last_seen: string })
    assert.deepEqual(missed.map(({ device_id }) => device_id).sort(), ['a', 'b'])
    assert.ok(missed.every(({ last_seen }) => last_seen !== null))
  })

  const refused: [options: object, problem: RegExp][] = [
    [
      { rules: [rule([MISSING])], ...device, expected: 'a\nb\nc', maxKeys: 2 },
      /Devices that are expected: there are 3, and at most 2 can be/
    ],
    [
      { rules: [rule([MISSING])], expected: 'a' },
      /Devices that are expected: "Separately for each"/
    ],
    [
      {
        rules: [rule([MISSING])],
        ...device,
        expected: 'a',
        keepIn: 'kafka',
        cluster: 'c',
        stateTopic: 't'
      },
      /Devices that are expected: nobody knows in which partition/
    ],
    [
      {
        rules: [rule([MISSING, row('topic_matches', 'a/#', undefined, 'msg.topic')])],
        lateness: '1 s'
      },
      /Wait for late records: a record that waits does not keep its topic/
    ],
    [{ rules: [rule([ABOVE], { lasts: '0 s' })] }, /for at least: must be longer than no time/],
    [{ rules: [rule([ABOVE], { lasts: '2 years' })] }, /give a duration/],
    [{ rules: [rule([ABOVE], { lasts: '800 d' })] }, /at most a year/],
    [{ rules: [rule([ABOVE], { times: 1, within: '1 min' })] }, /number of times from 2 to 100/],
    [{ rules: [rule([ABOVE], { times: 3 })] }, /times in: give a duration/],
    [{ rules: [rule([row('rises', 2, '0 s')])] }, /longer than no time/],
    [{ rules: [rule([row('rises', -2, '1 min')])] }, /not negative/],
    [{ rules: [rule([row('changed_by', 'x')])] }, /not negative/],
    [{ rules: [rule([row('on_above', 75, 80)])] }, /off below where it goes on/],
    [{ rules: [rule([row('on_above', { field: '__proto__' }, 5)])] }, /is not the path/],
    [{ rules: [rule([row('missing_for', { field: 'a' })])] }, /cannot be compared with another/],
    [{ rules: [rule([row('in', { field: 'a' })])] }, /give the values/],
    [{ rules: [rule([row('in_hours', 'always', 'UTC')])] }, /is no day/],
    [{ rules: [rule([row('in_hours', 'Mon', 'Mars')])] }, /there is no time zone "Mars"/],
    [
      { rules: [rule([{ match: 'any', conditions: [{ match: 'all', conditions: [] }] }])] },
      /a group can have no groups/
    ],
    [{ rules: [rule([{ match: 'any', conditions: [] }])] }, /rule 1, row 1 has no conditions/]
  ]
  for (const [options, problem] of refused)
    it(`refuses ${JSON.stringify(options).slice(0, 120)}`, () =>
      assert.throws(() => routerOverTime(parseOptions(spec, { ...options }), new Met(1)), {
        code: 'OPTIONS_INVALID',
        message: problem
      }))
})
