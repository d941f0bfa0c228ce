import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Trials } from '../../../core/source/trials.ts'

const KILLER = 'the killer'
const nobody = () => {}

describe('trials of a source', () => {
  let userDir: string
  let warnings: string[]
  let alive: Trials[]
  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), 'millrace-trials-'))
    warnings = []
    alive = []
  })
  afterEach(() => {
    for (const trials of alive) trials.end()
    rmSync(userDir, { recursive: true })
  })

  /**
   * A source of a process. Whatever was before it was killed: only the turn, which the process had,
   * is given back here.
   */
  function start(nodeId = 'node'): Trials {
    const shared = globalThis as { [turn: symbol]: { holder: object | undefined } }
    const turn = shared[Symbol.for('millrace.trial.turn')]
    if (turn !== undefined) turn.holder = undefined
    const trials = new Trials({ nodeId, userDir, warn: sentence => warnings.push(sentence) })
    alive.push(trials)
    return trials
  }

  it('go on carefully from the third start at the same record on', () => {
    assert.deepEqual(
      [1, 2, 3, 4].map(() => start().begin('lane', 'a').isCareful),
      [false, false, true, true]
    )
    assert.equal(start().begin('lane', 'b').isCareful, false, 'it has got past it')
  })

  it('count a start once, however often a partition comes and goes', () => {
    const trials = start()
    assert.deepEqual(
      [1, 2, 3, 4].map(() => trials.begin('lane', 'a').starts),
      [1, 1, 1, 1]
    )
  })

  it('do not count an orderly end', () => {
    for (let count = 0; count < 5; count++) {
      const trials = start()
      assert.equal(trials.begin('lane', 'a').isCareful, false)
      trials.end()
    }
    assert.deepEqual(readdirSync(join(userDir, 'millrace', 'starts')), [])
  })

  it('know the killer when it has killed twice, alone in the flow', () => {
    const deaths: (number | undefined)[] = []
    for (let count = 0; count < 5; count++) {
      const trials = start()
      const { isCareful, reached } = trials.begin('lane', 'first')
      if (!isCareful) continue
      if (reached === undefined) {
        assert.equal(trials.enter('lane', 'first', nobody), 0)
        trials.passed('lane')
      }
      deaths.push(trials.enter('lane', KILLER, nobody))
    }
    assert.deepEqual(deaths, [0, 0, 2])
  })

  it('go on carefully while a killer is sought, though the source has got further', () => {
    for (let count = 0; count < 2; count++) start().begin('lane', 'a')
    const careful = start()
    careful.begin('lane', 'a')
    careful.enter('lane', KILLER, nobody)
    const next = start()
    assert.deepEqual(next.begin('lane', 'b'), {
      isCareful: true,
      starts: 1,
      reached: KILLER,
      suspects: 0,
      furthest: undefined
    })
  })

  it('seek from the first record on where it has not got to the suspect, start after start', () => {
    for (let count = 0; count < 3; count++) start().begin('lane', 'a')
    const careful = start()
    careful.begin('lane', 'a')
    careful.enter('lane', KILLER, nobody)
    const lives = [1, 2, 3, 4, 5].map(() => start().begin('lane', 'a'))
    assert.deepEqual(
      lives.map(({ reached, isCareful }) => [reached, isCareful]),
      [...[1, 2, 3].map(() => [KILLER, true]), ...[4, 5].map(() => [undefined, true])]
    )
  })

  it('know how far the flow had come, of those who began at the same record', () => {
    const trials = start()
    trials.begin('lane', 'a')
    trials.further('lane', '700')
    assert.equal(start().begin('lane', 'a').furthest, '700')
    assert.equal(start().begin('lane', 'a').furthest, '700')
    assert.equal(start().begin('lane', 'b').furthest, undefined)
  })

  it('hold the end of the process against none of several, and say which they were', () => {
    for (let count = 0; count < 2; count++) start().begin('lane', 'a')
    const careful = start()
    careful.begin('lane', 'a')
    assert.equal(careful.enter('lane', 'b', nobody, 4), 0)
    for (let count = 0; count < 3; count++) {
      const next = start()
      const { reached, suspects } = next.begin('lane', 'a')
      assert.deepEqual([reached, suspects], ['b', 4])
      assert.equal(next.enter('lane', 'b', nobody, 4), 0, 'they are not known to kill')
    }
    const survivor = start()
    survivor.begin('lane', 'a')
    survivor.enter('lane', 'b', nobody, 4)
    survivor.survived('lane')
    const { reached, suspects } = start().begin('lane', 'a')
    assert.deepEqual([reached, suspects], ['b', 0], 'they waited for a service')
  })

  it('do not hold against a record that it waits for a service, or has passed, when the process is killed', () => {
    for (const innocent of ['survived', 'passed'] as const) {
      for (let count = 0; count < 8; count++) {
        const trials = start(innocent)
        if (!trials.begin('lane', 'a').isCareful) continue
        assert.equal(trials.enter('lane', 'a', nobody), 0)
        trials[innocent]('lane')
      }
    }
  })

  it('are held of one record at a time, over all sources of the process', async () => {
    const [one, other] = [start('one'), start('other')]
    for (const trials of [one, other]) trials.begin('lane', 'a')
    assert.equal(one.enter('lane', 'a', nobody), 0)
    await new Promise<void>(
      free => assert.equal(other.enter('lane', 'a', free), undefined) ?? one.passed('lane')
    )
    assert.equal(other.enter('lane', 'a', nobody), 0)
    await new Promise<void>(
      free => assert.equal(one.enter('lane', 'b', free), undefined) ?? other.end()
    )
    assert.equal(one.enter('lane', 'b', nobody), 0)
  })

  it('begin anew where the file cannot be read, and say so once where it cannot be written', () => {
    mkdirSync(join(userDir, 'millrace', 'starts'), { recursive: true })
    writeFileSync(join(userDir, 'millrace', 'starts', 'node.json'), '{"lane":')
    assert.equal(start().begin('lane', 'a').starts, 1)
    rmSync(join(userDir, 'millrace'), { recursive: true })
    writeFileSync(join(userDir, 'millrace'), 'a file')
    const trials = start('unlucky')
    trials.begin('lane', 'a')
    trials.begin('other lane', 'a')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /would not be recognised/)
    rmSync(join(userDir, 'millrace'))
  })
})
