import assert from 'node:assert/strict'
import { nameFrom, parseTableName, quoted } from '../../../core/postgres/identifier.ts'

describe('SQL identifiers', () => {
  const tables: [string, string | undefined][] = [
    ['telemetry', '"telemetry"'],
    ['iot.telemetry', '"iot"."telemetry"'],
    ['"My Table"', '"My Table"'],
    ['iot."a.b"', '"iot"."a.b"'],
    ['"say ""hi"""', '"say ""hi"""'],
    ['messwerte_ü', '"messwerte_ü"'],
    ['x;DROP', '"x;DROP"'],
    ['', undefined],
    ['a b', undefined],
    ['a.b.c', undefined],
    ['a.', undefined],
    ['"', undefined],
    ['t"; DROP TABLE x', undefined]
  ]
  for (const [text, sql] of tables) {
    it(`reads ${JSON.stringify(text)} as ${sql ?? 'no table'}`, () =>
      assert.equal(parseTableName(text)?.sql, sql))
  }

  it('quotes whatever a name holds', () =>
    assert.equal(quoted('a"; DROP TABLE x --'), '"a""; DROP TABLE x --"'))
  it('keeps names within the limit of PostgreSQL', () =>
    assert.equal(nameFrom('x'.repeat(80), 'key').length, 63))
})
