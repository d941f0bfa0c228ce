import assert from 'node:assert/strict'
import type { RuleCondition, RuleTime } from '../../../nodes/route/rules.ts'
import { sentence } from '../../../nodes/route/sentence.ts'

describe('rules of route as sentences', () => {
  const sentences: [match: 'all' | 'any', conditions: RuleCondition[], words: string][] = [
    ['all', [{ field: 'value', operator: 'gt', value: 80 }], 'value > 80'],
    [
      'all',
      [{ field: 'metric', operator: 'equals', value: 'temperature_c' }],
      'metric = temperature_c'
    ],
    ['all', [{ field: 'v', operator: 'equals', value: '80' }], 'v = "80"'],
    ['all', [{ field: 'v', operator: 'not_equals', value: 'true' }], 'v ≠ "true"'],
    ['all', [{ field: 'v', operator: 'equals', value: true }], 'v = true'],
    [
      'any',
      [
        { field: 'a', operator: 'missing' },
        { field: 'b', operator: 'between', value: 1, value2: 2 }
      ],
      'a is missing or b between 1 and 2'
    ],
    [
      'all',
      [
        { field: 'a', operator: 'in', value: ['x', 'two words', 3] },
        { field: 'b', operator: 'is_number' }
      ],
      'a in (x, "two words", 3) and b is a number'
    ],
    [
      'all',
      [{ field: 'msg.topic', operator: 'topic_matches', value: 'acme/+/{id}' }],
      'topic matches acme/+/{id}'
    ],
    ['all', [{ field: 'v', operator: 'gt', value: { field: 'limit_c' } }], 'v > field limit_c'],
    [
      'all',
      [
        { field: 'ts', operator: 'in_hours', value: 'Mon-Fri 06:00-22:00', value2: 'Europe/Berlin' }
      ],
      'ts in Mon–Fri 06:00–22:00 Europe/Berlin'
    ],
    ['all', [{ field: 'v', operator: 'changed' }], 'v changed'],
    ['all', [{ field: 'v', operator: 'changed_by', value: 5 }], 'v changed by more than 5'],
    [
      'all',
      [{ field: 'v', operator: 'changed_percent', value: 10 }],
      'v changed by more than 10 %'
    ],
    [
      'all',
      [{ field: 'v', operator: 'rises', value: 2, value2: '1 min' }],
      'v rises faster than 2 per 1 min'
    ],
    [
      'all',
      [{ field: 'v', operator: 'on_above', value: 80, value2: 75 }],
      'v on above 80, off below 75'
    ],
    [
      'all',
      [{ field: 'device_id', operator: 'missing_for', value: '5 min' }],
      'device_id missing for 5 min'
    ],
    ['all', [{ field: 'id', operator: 'matches', value: '^s \\d$' }], 'id matches /^s \\d$/'],
    ['all', [{ field: 'id', operator: 'starts_with', value: '' }], 'id starts with ""']
  ]
  for (const [match, conditions, words] of sentences) {
    it(`says: ${words}`, () => {
      assert.equal(sentence({ match, conditions }), words)
      assert.equal(sentence({ match, conditions }, 1), `${words} → 1`)
    })
  }

  const timed: [time: RuleTime, words: string][] = [
    [{ lasts: '30 s' }, 'v > 80 for 30 s'],
    [{ begins: true }, 'v > 80, when it begins'],
    [{ times: 3, within: '10 min' }, 'v > 80, 3 times in 10 min'],
    [{ lasts: '30 s', pause: '10 min' }, 'v > 80 for 30 s, at most once in 10 min']
  ]
  for (const [time, words] of timed)
    it(`says: ${words}`, () => {
      const conditions: RuleCondition[] = [{ field: 'v', operator: 'gt', value: 80 }]
      assert.equal(sentence({ match: 'all', conditions, time }, 1), `${words} → 1`)
    })
  it('says groups in brackets', () => {
    const is = (field: string): RuleCondition => ({ field, operator: 'is_true' })
    const conditions = [is('a'), { match: 'any' as const, conditions: [is('b'), is('c')] }]
    assert.equal(sentence({ match: 'all', conditions }), 'a is true and (b is true or c is true)')
  })
})
