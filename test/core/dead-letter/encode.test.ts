import assert from 'node:assert/strict'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { PROVENANCE, Provenance, reject } from '../../../core/record/record.ts'

const origin = { kind: 'mqtt', topic: 'a/b', qos: 1, retained: false } as const

/** The letters of so many parts of one message with so many bytes. */
function lettersOf(parts: number, bytes: number) {
  const raw = Buffer.alloc(bytes, 'x')
  const batch = { at: () => ({ origin, key: 'd1', headers: {}, raw }) }
  const letter = (part: number) => {
    const holder = { [PROVENANCE]: new Provenance(batch, 0, `values.${part}`) }
    return encodeRejection(reject(holder, 'test', { code: 'NOT_A_RECORD', message: 'none' }))
  }
  return { letter, letters: Array.from({ length: parts }, (_, part) => letter(part)) }
}
const isWhole = ({ headers }: { headers: object }) => !('millrace.truncated' in headers)

describe('core/dead-letter/encode: a letter of what is no record', () => {
  const deep = (depth: number): object => (depth === 0 ? {} : { a: deep(depth - 1) })
  const circle: { self?: object } = {}
  circle.self = circle
  const strange: readonly [string, unknown][] = [
    ['refers to itself', circle],
    ['is nested beyond measure', deep(5_000)],
    ['has a field toString', { toString: 1, big: 10n }],
    ['has no prototype', Object.assign(Object.create(null), { self: circle })],
    [
      'refuses to be written',
      {
        toJSON() {
          throw new Error('no')
        }
      }
    ]
  ]
  for (const [title, record] of strange)
    it(`is made where it ${title}`, () => {
      const letter = encodeRejection(reject(record, 'test', { code: 'NOT_A_RECORD', message: '' }))
      assert.equal(typeof letter.value, 'string')
      assert.equal(letter.headers['millrace.reason.code'], 'NOT_A_RECORD')
    })
})

describe('core/dead-letter/encode: letters of the parts of one message', () => {
  it('have all of its bytes, and say which part is meant', () => {
    const { letters } = lettersOf(100, 1000)
    assert.ok(letters.every(isWhole))
    assert.equal(letters[7]!.headers['millrace.message.place'], 'values.7')
    const ids = new Set(letters.map(({ headers }) => headers['millrace.message.id']))
    assert.equal(ids.size, 1)
  })

  it('take 16 MB at most, of however many there are', () => {
    const { letters, letter } = lettersOf(2000, 1 << 20)
    assert.equal(letters.filter(isWhole).length, 16)
    const total = letters.reduce((sum, { value }) => sum + value!.length, 0)
    assert.ok(total < 20 << 20, `${total} bytes`)
    assert.deepEqual(
      [letters[20]!.value!.length, letters[20]!.headers['millrace.truncated']],
      [1024, String(1 << 20)]
    )
    assert.match(String(letters[20]!.headers['millrace.truncated.sha256']), /^[0-9a-f]{64}$/)
    // Written once more, as when the first attempt failed, a letter is what it was.
    assert.deepEqual([isWhole(letter(3)), isWhole(letter(20))], [true, false])
  })

  it('one is whole in any case', () => {
    const { letters } = lettersOf(3, 20 << 20)
    assert.deepEqual(letters.map(isWhole), [true, false, false])
  })
})
