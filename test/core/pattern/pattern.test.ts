import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Meter, TooCostly } from '../../../core/meter.ts'
import { compilePattern, patternProblems } from '../../../core/pattern/pattern.ts'

const compile = (source: string, flags?: string) =>
  compilePattern(source, new Meter(Number.MAX_SAFE_INTEGER), flags)

/** Expressions of all that is taken, and texts of their letters, so that many match. */
const LETTERS = ['a', 'b', 'A', '_', '-', ' ', '\n', 'é', '\u2028', '😀', '\ud83d']
const ATOMS = [
  'a',
  'b',
  '.',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '[ab]',
  '[^a]',
  '[^]',
  '\\p{L}',
  '\\u{1F600}',
  '\\ud83d\\ude00',
  '\\x61',
  '-'
]
const EDGES = ['^', '$', '\\b', '\\B']
const QUANTIFIERS = ['*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?', '{0}', '{0,2}?']
const LOOKS = ['(?=', '(?!', '(?<=', '(?<!']

const { pattern: expressions } = fc.letrec<{ pattern: string; part: string }>(tie => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...ATOMS, ...EDGES),
    fc
      .tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...QUANTIFIERS))
      .map(parts => parts.join('')),
    fc
      .tuple(tie('pattern'), fc.constantFrom('', ...QUANTIFIERS))
      .map(([inner, times]) => `(?:${inner})${times}`),
    tie('pattern').map(inner => `(${inner})`),
    fc.tuple(fc.constantFrom(...LOOKS), tie('pattern')).map(([look, inner]) => `${look}${inner})`)
  ),
  pattern: fc
    .array(fc.array(tie('part'), { maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map(options => options.map(parts => parts.join('')).join('|'))
}))
const texts = fc
  .array(fc.constantFrom(...LETTERS), { maxLength: 7 })
  .map(letters => letters.join(''))

const taken = [
  '',
  'abc',
  '^s-\\d+$',
  '[(+*)]+',
  '\\(a\\+\\)\\+',
  '(?<kind>[a-z]+)\\d{4}',
  '^([a-zA-Z0-9]+-?)+$',
  '(a|a)*$',
  '^(?!test-)(?=.*\\d).+$',
  '(?<=-)\\w',
  '^\\p{Script=Greek}+$',
  '^.{0,4096}$',
  '.*a.*b.*c.*d'
]

const refused: [pattern: string, problem: RegExp][] = [
  ['(', /Invalid regular expression: .*Unterminated group/],
  ['a**', /Nothing to repeat/],
  ['(a)\\1', /references back/],
  ['(?<n>a)\\k<n>', /references back/],
  ['a{20000}', /too large/],
  ['(a{1000}){1000}', /too large/],
  ['(?=a)'.repeat(9), /more than 8 times/]
]

/** Expressions and texts on which an engine that tries all ways takes seconds to ages. */
const hostile: [pattern: string, text: string][] = [
  ['^([a-zA-Z0-9]+-?)+$', `${'a'.repeat(100_000)}!`],
  ['^([a-zA-Z0-9]+[-_]?)+$', `${'a'.repeat(100_000)}!`],
  ['^(([a-z0-9.-]+)(,|,\\s)?)+$', `${'gateway-01.hall'.repeat(5_000)}/`],
  ['\\s+$', `${' '.repeat(100_000)}x`],
  ['(a|a)*b', 'a'.repeat(100_000)],
  ['(.*)*,(.*)*,x$', 'a,'.repeat(50_000)],
  ['^(a?){100}a{100}$', 'a'.repeat(99)],
  ['(?=(a+)+$)b|^(?!(a+)+$)a', 'a'.repeat(50_000)],
  ['(a|b)*a(a|b){15}c', 'abbab'.repeat(20_000)]
]

describe('core/pattern', () => {
  it('matches what RegExp matches', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.array(texts, { minLength: 5, maxLength: 5 }),
        (source, samples) => {
          if (patternProblems(source).length > 0) return
          const ours = compile(source)
          const native = new RegExp(source, 'u')
          for (const sample of samples) {
            // V8 looks for places also between the halves of a character, which ECMA-262 does not
            const text = /\\B|\(\?[<!=]/.test(source)
              ? sample.replaceAll(/[😀\ud83d]/gu, '')
              : sample
            assert.equal(ours.test(text), native.test(text), `${native} on ${JSON.stringify(text)}`)
          }
        }
      ),
      { numRuns: Number(process.env.RUNS ?? 3_000) }
    )
  })

  for (const pattern of taken)
    it(`takes ${pattern}`, () => assert.deepEqual(patternProblems(pattern), []))
  for (const [pattern, problem] of refused) {
    it(`refuses ${pattern.slice(0, 40)}`, () =>
      assert.match(patternProblems(pattern).join(), problem))
  }

  for (const [pattern, text] of hostile) {
    it(`goes by each character of a text once with ${pattern}`, () => {
      // steps are counted, not timed: what takes all ways takes more than any number here
      const meter = new Meter(30 * text.length + 1_000_000)
      assert.equal(compilePattern(pattern, meter).test(text), false)
    })
  }

  it('stops at what a text may cost', () => {
    const pattern = compilePattern('(a|b)*a(a|b){2000}c', new Meter(100_000))
    assert.throws(() => pattern.test('ab'.repeat(10_000)), TooCostly)
  })

  it('remembers a bounded part of what it has met', () => {
    const pattern = compile('(?:[^a]|a.{14})*a.{14}b$')
    const native = /(?:[^a]|a.{14})*a.{14}b$/u
    for (const text of fc.sample(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 200, maxLength: 200 }),
      300
    )) {
      assert.equal(pattern.test(text), native.test(text))
    }
  })

  it('takes the needless backslashes that people have', () => {
    assert.ok(compile(String.raw`^[\w\-\.]+\@\w+\-x$`).test('a.b-c@d-x'))
    assert.ok(!compile(String.raw`^\@[a\-c]$`).test('@b'))
  })
})
