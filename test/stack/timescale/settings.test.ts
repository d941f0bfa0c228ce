import assert from 'node:assert/strict'
import { Settings } from '../../../stack/timescale/settings.ts'

describe('settings of a session', () => {
  const cases = [
    { statements: ['SET a TO 1', 'SET b = 2'], kept: ['SET a TO 1', 'SET b = 2'] },
    { statements: ['SET a TO 1', 'set session A = 2'], kept: ['set session A = 2'] },
    { statements: ["SET TIME ZONE 'UTC'", 'RESET timezone'], kept: [] },
    { statements: ["SET TIME ZONE 'UTC'", 'SET TimeZone TO 1'], kept: ['SET TimeZone TO 1'] },
    {
      statements: ["SELECT set_config('a.b', 'x', false)"],
      kept: ["SELECT set_config('a.b', 'x', false)"]
    },
    { statements: ['SET a TO 1', 'RESET ALL'], kept: [] },
    {
      statements: [
        'SET LOCAL a TO 1',
        'SET TRANSACTION READ ONLY',
        'SET CONSTRAINTS ALL DEFERRED',
        'SELECT 1'
      ],
      kept: []
    }
  ]
  for (const { statements, kept } of cases) {
    it(`after ${statements.join('; ')}: ${kept.join('; ') || 'none'}`, () => {
      const settings = new Settings()
      for (const sql of statements) settings.note(sql)
      assert.deepEqual(settings.statements, kept)
    })
  }
})
