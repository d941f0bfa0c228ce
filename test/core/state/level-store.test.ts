import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ClassicLevel } from 'classic-level'
import { openLevelStore, removeStore } from '../../../core/state/level-store.ts'

const WRITER = fileURLToPath(new URL('endless-writer.ts', import.meta.url))
const KILLS = process.env.MILLRACE_CRASH ? 100 : 20
const AT_A_TIME = 10

async function contentOf(folder: string): Promise<Map<string, string>> {
  const store = await openLevelStore(folder)
  const content = new Map<string, string>()
  for await (const [key, value] of store.load()) content.set(key, value)
  await store.close()
  return content
}

/** The number of the only write whose content is there. */
function onlyWriteIn(content: ReadonlyMap<string, string>): number {
  const numbers = new Set(
    [...content].map(([key, value]) => (key.startsWith('k') ? value : key.slice('made by '.length)))
  )
  assert.equal(numbers.size, 1, `parts of several writes: ${[...numbers]}`)
  assert.equal(content.size, 51)
  return Number([...numbers][0])
}

/** Lets a process write, kills it in the middle, and gives the last number that it said. */
async function killed(folder: string): Promise<number> {
  const child = spawn(process.execPath, ['--import=tsx', WRITER, folder], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let said = ''
  const writes = new Promise<void>(resolve =>
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes('\n')) resolve()
    })
  )
  const ended = new Promise(resolve => child.on('close', resolve))
  await writes
  await wait(Math.random() * 60)
  child.kill('SIGKILL')
  await ended
  return Number(said.trimEnd().split('\n').at(-1))
}

describe('the store of what is remembered', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-state-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('has what was written, and not what was removed, when it is opened again', async () => {
    const store = await openLevelStore(join(folder, 'a', 'store'))
    await store.write(new Map([['a', '1']]))
    await store.write(
      new Map<string, string | undefined>([
        ['b', '2'],
        ['a', undefined]
      ])
    )
    await store.close()
    assert.deepEqual([...(await contentOf(join(folder, 'a', 'store')))], [['b', '2']])
  })

  it(`holds one whole write after each of ${KILLS} kills in the middle, the last that was said or one later`, async () => {
    const one = async (index: number) => {
      const own = join(folder, String(index))
      const said = await killed(own)
      assert.ok(onlyWriteIn(await contentOf(own)) >= said)
    }
    for (let index = 0; index < KILLS; index += AT_A_TIME)
      await Promise.all(Array.from({ length: AT_A_TIME }, (_, more) => one(index + more)))
  })

  it('holds the write before one that was torn', async () => {
    const store = await openLevelStore(folder)
    for (const number of ['1', '2'])
      await store.write(
        new Map([
          ['a', number],
          ['b', number]
        ])
      )
    await store.close()
    const logs = readdirSync(folder).filter(name => name.endsWith('.log'))
    const log = join(folder, logs.sort().at(-1)!)
    truncateSync(log, statSync(log).size - 3)
    assert.deepEqual(
      [...(await contentOf(folder))],
      [
        ['a', '1'],
        ['b', '1']
      ]
    )
  })

  it('forgets everything, and is a store after that', async () => {
    const store = await openLevelStore(folder)
    await store.write(
      new Map([
        ['a', '1'],
        ['z', '2']
      ])
    )
    await store.clear()
    await store.write(new Map([['c', '3']]))
    await store.close()
    assert.deepEqual([...(await contentOf(folder))], [['c', '3']])
    await removeStore(folder)
    assert.deepEqual([...(await contentOf(folder))], [])
  })

  it('can be opened again when it failed while it was being opened', async () => {
    const { get } = ClassicLevel.prototype
    ClassicLevel.prototype.get = () => Promise.reject(new Error('the disk is away'))
    try {
      await assert.rejects(openLevelStore(folder), /the disk is away/)
    } finally {
      ClassicLevel.prototype.get = get
    }
    assert.deepEqual([...(await contentOf(folder))], [])
  })

  it('says in a sentence where it cannot be kept', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const refused = openLevelStore(join(file, 'store'))
    await assert.rejects(refused, {
      code: 'STATE_UNAVAILABLE',
      message: /cannot be read or written/
    })
    const first = await openLevelStore(join(folder, 'once'))
    await assert.rejects(openLevelStore(join(folder, 'once')), { code: 'STATE_UNAVAILABLE' })
    await first.close()
  })
})
