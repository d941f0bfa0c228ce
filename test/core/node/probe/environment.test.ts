import assert from 'node:assert/strict'
import { Environment } from '../../../../core/node/probe/environment.ts'

describe('variables of the environment in the answer of a probe', () => {
  const cases: { name: string; variables: Record<string, string>; text: string; shown: string }[] =
    [
      { name: 'nothing was read', variables: {}, text: 'at db:5432', shown: 'at db:5432' },
      {
        name: 'a value',
        variables: { HOST: 'db.internal' },
        text: 'Nothing listens at db.internal:5432.',
        shown: 'Nothing listens at ${HOST}:5432.'
      },
      {
        name: 'parts of a URL',
        variables: { DB: 'postgres://writer:s%40cret@DB.internal:5432/telemetry' },
        text: 'PostgreSQL 17 at db.internal:5432/telemetry as writer. (s@cret)',
        shown: 'PostgreSQL 17 at ${DB} as ${DB}. (${DB})'
      },
      {
        name: 'a list',
        variables: { B: 'a:1, b:2' },
        text: 'a:1, b:2 gave no answer within 9 s',
        shown: '${B} gave no answer within 9 s'
      },
      {
        name: 'a part of a longer word',
        variables: { U: 'data' },
        text: 'database',
        shown: 'database'
      },
      {
        name: 'characters of patterns',
        variables: { P: 'a.c(+' },
        text: 'abc a.c(+ x',
        shown: 'abc ${P} x'
      },
      { name: 'only marks', variables: { P: '://' }, text: 'x://y', shown: 'x://y' }
    ]
  for (const { name, variables, text, shown } of cases) {
    it(`answers: ${name}`, () => {
      const environment = new Environment()
      const read = environment.reader(key => variables[key])
      for (const key of Object.keys(variables)) read(key)
      assert.equal(environment.hide(text), shown)
    })
  }

  it('shows nothing where a value is too long to look for', () => {
    const environment = new Environment()
    environment.reader(() => 'a-'.repeat(50_000))('LONG')
    assert.equal(
      environment.hide('a-a-a-'),
      'The answer is not shown, since it may hold what ${LONG} stands for.'
    )
  })

  it('takes bounded time', () => {
    const environment = new Environment()
    environment.reader(() => '1 2 3 4 5 6 7 8 9 a-b '.repeat(150))('X')
    const beganMs = performance.now()
    environment.hide('1 2 3 4 5 6 7 8 9 a-b! '.repeat(450))
    environment.hide('1'.repeat(10_000))
    environment.hide('1-'.repeat(5_000))
    assert.ok(performance.now() - beganMs < 2_000)
  })
})
