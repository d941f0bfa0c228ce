import assert from 'node:assert/strict'
import { patternProblems } from '../../../nodes/route/pattern.ts'

const fine = [
  '',
  'abc',
  '^s-\\d+$',
  '^[a-z0-9_]+(?:-[a-z]+)?$',
  '^(?:alarm|alert|fault)$',
  'alarm|alert',
  '^.*foo.*bar.*$',
  'a.*b.*c',
  '^(?:\\d\\d:){5}\\d\\d$',
  '(?<kind>[a-z]+)\\d{4}',
  '^\\d{1,3}\\.\\d{1,3}$',
  '[(+*)]+',
  '\\(a\\+\\)\\+',
  '^\\p{L}+\\u{1F600}?$',
  '(abc)+',
  '^a+?b$'
]

const refused: [pattern: string, problem: RegExp][] = [
  ['(', /Invalid regular expression/],
  ['a**', /Invalid regular expression/],
  ['(a+)+$', /repeated group before \+/],
  ['(a*)*', /repeated group/],
  ['(a|a)*$', /repeated group before \*/],
  ['(?:a?b?)*', /repeated group/],
  ['((a+)b)+', /repeated group/],
  ['(?:(?:a|b)c){2,}', /repeated group before \{2,\}/],
  ['(a{1,9}){9}', /repeated group/],
  ['(?<x>a+){2}', /repeated group/],
  ['(a)\\1', /references back/],
  ['(?<n>a)\\k<n>', /references back/],
  ['(?=a+)b', /looking ahead/],
  ['(?<!a)b', /looking ahead/],
  ['.*a.*b.*c', /more than 3 repetitions/],
  ['^.*a.*b.*c.*', /more than 3 repetitions/],
  ['a{0,500}b{0,500}c{0,500}', /more than 3 repetitions/],
  ['^a?a?a?a?a?a?a?a?a?a?a?$', /more than 10 options/]
]

describe('nodes/route/pattern', () => {
  for (const pattern of fine) it(`takes ${pattern}`, () => assert.deepEqual(patternProblems(pattern), []))
  for (const [pattern, problem] of refused) it(`refuses ${pattern}`, () => assert.match(patternProblems(pattern).join(), problem))
})
