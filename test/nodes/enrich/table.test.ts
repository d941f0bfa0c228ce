import assert from 'node:assert/strict'
import { readTable } from '../../../nodes/enrich/table.ts'

const tables: [name: string, text: string, rows: object][] = [
  ['commas', 'id,a\n1,x\n', { 1: { id: '1', a: 'x' } }],
  ['semicolons and a byte order mark', '\uFEFFid;a\r\n1;"x;y"\r\n', { 1: { id: '1', a: 'x;y' } }],
  ['tabs, blanks around and empty lines', ' id \t a \n\n 1 \t x \n', { 1: { id: '1', a: 'x' } }],
  ['a column of numbers', 'id,a\n1,52.5\n2,-3\n3,\n', { 1: { id: '1', a: 52.5 }, 2: { id: '2', a: -3 }, 3: { id: '3' } }],
  ['a column of names that look like numbers', 'id,a\n1,007\n2,8\n', { 1: { id: '1', a: '007' }, 2: { id: '2', a: '8' } }],
  ['a key that looks like a number', 'id,a\n007,x\n', { '007': { id: '007', a: 'x' } }],
  ['only a header', 'id,a', {}],
  ['a JSON array', '[{"id":1,"a":{"b":2}}]', { 1: { id: 1, a: { b: 2 } } }],
  ['a JSON object', ' {"x":{"a":1}}', { x: { a: 1 } }],
  ['columns of dangerous names', 'id,__proto__\n1,x\n', { 1: JSON.parse('{"id":"1","__proto__":"x"}') }]
]

describe('nodes/enrich/table', () => {
  for (const [name, text, rows] of tables) {
    it(`reads ${name}`, () => assert.deepEqual(Object.fromEntries(readTable(text, 'id')), rows))
  }
})
