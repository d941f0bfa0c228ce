import assert from 'node:assert/strict'
import { priorityBy } from '../../../nodes/store-and-forward/priority.ts'

type Rows = Parameters<typeof priorityBy>[0]
const row = (field: string, operator: string, value: string, priority = 'first') =>
  ({ field, operator, value, priority }) as Rows[number]

describe('the priority of a record', () => {
  const cases: readonly [
    title: string,
    rows: Rows,
    record: object,
    priority: number,
    message?: object
  ][] = [
    ['is normal where nothing says another', [], { v: 1 }, 2],
    [
      'is that of the first row that is met',
      [row('v', 'gt', '5', 'low'), row('v', 'gt', '3')],
      { v: 7 },
      3
    ],
    ['is that of a later row', [row('v', 'gt', '5', 'low'), row('v', 'gt', '3')], { v: 4 }, 0],
    ['compares numbers with numbers', [row('v', 'gt', '5')], { v: '7' }, 0],
    ['compares a number with no text', [row('v', 'gt', 'x')], { v: 7 }, 2],
    ['takes what looks like a number for both', [row('v', 'equals', '5')], { v: 5 }, 0],
    ['takes it for a text too', [row('v', 'equals', '5')], { v: '5' }, 0],
    ['knows true', [row('v', 'equals', 'true')], { v: true }, 0],
    ['knows what is another', [row('v', 'not_equals', 'ok')], { v: 'bad' }, 0],
    ['knows a list', [row('v', 'in', 'raised, returned')], { v: 'returned' }, 0],
    ['knows what is in a text', [row('v', 'contains', 'larm')], { v: 'alarm' }, 0],
    ['knows what is in a list', [row('v', 'contains', 'a')], { v: ['a', 'b'] }, 0],
    ['knows how a text begins', [row('v', 'starts_with', 'al')], { v: 'alarm' }, 0],
    ['knows what is there', [row('a.b', 'present', '')], { a: { b: 0 } }, 0],
    ['knows what is missing', [row('v', 'missing', '', 'low')], {}, 3],
    ['knows what is true', [row('v', 'is_true', '')], { v: true }, 0],
    [
      'knows the topic',
      [row('msg.topic', 'topic_matches', 'acme/+/alarm')],
      {},
      0,
      { topic: 'acme/a/alarm' }
    ],
    ['is msg.priority in words', [], {}, 1, { priority: 'high' }],
    ['is msg.priority as a number', [], {}, 0, { priority: 1 }],
    ['is normal for another msg.priority', [], {}, 2, { priority: 9 }],
    [
      'is that of a row before msg.priority',
      [row('v', 'present', '', 'low')],
      { v: 1 },
      3,
      { priority: 1 }
    ]
  ]
  for (const [title, rows, record, priority, message = {}] of cases)
    it(title, () => assert.equal(priorityBy(rows)(record, message as { topic?: string }), priority))

  it('cannot be told by a row that is not finished', () => {
    assert.throws(() => priorityBy([row('v', 'gt', '')]), /row 1: ">" needs a value/)
    assert.throws(() => priorityBy([row('msg.topic', 'topic_matches', 'a/#/b')]), /Priorities/)
  })
})
