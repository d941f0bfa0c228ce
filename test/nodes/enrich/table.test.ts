import assert from 'node:assert/strict'
import { exactNumber } from '../../../nodes/enrich/exact-number.ts'
import { readTable } from '../../../nodes/enrich/table.ts'

const tables: [name: string, text: string, rows: object][] = [
  ['commas', 'id,a\n1,x\n', { 1: { id: '1', a: 'x' } }],
  ['semicolons and a byte order mark', '\uFEFFid;a\r\n1;"x;y"\r\n', { 1: { id: '1', a: 'x;y' } }],
  ['tabs, blanks around and empty lines', ' id \t a \n\n 1 \t x \n', { 1: { id: '1', a: 'x' } }],
  ['quotes behind a blank', 'id,a\n1, "x""y" \n', { 1: { id: '1', a: 'x"y' } }],
  [
    'lines that end in several ways',
    'id,a\r\n1,x\r\n2,y',
    { 1: { id: '1', a: 'x' }, 2: { id: '2', a: 'y' } }
  ],
  [
    'a column of numbers',
    'id,a\n1,52.5\n2,-3\n3,\n',
    { 1: { id: '1', a: 52.5 }, 2: { id: '2', a: -3 }, 3: { id: '3' } }
  ],
  [
    'a column of numbers with zeros at the end',
    'id,a\n1,52.50\n2,8\n',
    { 1: { id: '1', a: 52.5 }, 2: { id: '2', a: 8 } }
  ],
  [
    'a column of names that look like numbers',
    'id,a\n1,007\n2,8\n',
    { 1: { id: '1', a: '007' }, 2: { id: '2', a: '8' } }
  ],
  ['a key that looks like a number', 'id,a\n007,x\n', { '007': { id: '007', a: 'x' } }],
  ['JSON with a byte order mark', '\uFEFF[{"id":1,"a":2}]', { 1: { id: 1, a: 2 } }],
  ['only a header', 'id,a', {}],
  ['a JSON array', '[{"id":1,"a":{"b":2}}]', { 1: { id: 1, a: { b: 2 } } }],
  ['a JSON object', ' {"x":{"a":1}}', { x: { a: 1 } }],
  [
    'columns of dangerous names',
    'id,__proto__\n1,x\n',
    { 1: JSON.parse('{"id":"1","__proto__":"x"}') }
  ]
]

describe('nodes/enrich/table', () => {
  for (const [name, text, rows] of tables) {
    it(`reads ${name}`, () => assert.deepEqual(Object.fromEntries(readTable(text, 'id')), rows))
  }

  const faulty: [name: string, text: string, why: RegExp][] = [
    [
      'a cell too many',
      'id,a\n1,x\n2,x,y\n',
      /not CSV: line 3 has 3 cells, and there are 2 columns/
    ],
    ['a cell too few', 'id,a\n1\n', /not CSV: line 2 has 1 cells, and there are 2 columns/],
    ['a quote without its end', 'id,a\n1,"x\n', /not CSV: line 2: /],
    ['a device twice', 'id\n1\n1\n', /line 3: id "1" is there twice/]
  ]
  for (const [name, text, why] of faulty) {
    it(`refuses ${name}, and says where`, () => assert.throws(() => readTable(text, 'id'), why))
  }
})

describe('nodes/enrich/exact-number', () => {
  const numbers: [text: string, number: number | undefined][] = [
    ['0', 0],
    ['-3', -3],
    ['52.5', 52.5],
    ['52.500000', 52.5],
    ['13.404954', 13.404954],
    ['0.00000010', 1e-7],
    ['9007199254740991', 2 ** 53 - 1],
    ['9007199254740992', undefined],
    ['12345678901234567890', undefined],
    ['0.33333333333333333333', undefined],
    [`0.${'0'.repeat(400)}1`, undefined],
    [`1${'0'.repeat(400)}`, undefined],
    ['007', undefined],
    ['-07', undefined],
    ['1e5', undefined],
    ['0x10', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['+5', undefined],
    ['1,5', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    [' 5', undefined],
    ['', undefined]
  ]
  for (const [text, number] of numbers) {
    it(`${text.slice(0, 40) || 'nothing'} is ${number ?? 'text'}`, () =>
      assert.equal(exactNumber(text), number))
  }
})
