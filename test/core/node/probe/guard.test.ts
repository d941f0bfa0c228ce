import assert from 'node:assert/strict'
import { foreignOrigin } from '../../../../core/node/probe/guard.ts'

describe('who may ask a probe', () => {
  const cases: { name: string; headers: Record<string, string>; passes: boolean }[] = [
    { name: 'a program, which names no origin', headers: { host: 'localhost:1880' }, passes: true },
    {
      name: 'the editor',
      headers: { host: 'localhost:1880', origin: 'http://localhost:1880' },
      passes: true
    },
    {
      name: 'the editor on a default port',
      headers: { host: 'red.example:80', origin: 'http://red.example' },
      passes: true
    },
    {
      name: 'the editor by HTTPS through a proxy',
      headers: { host: 'red.example', origin: 'https://red.example' },
      passes: true
    },
    {
      name: 'the editor by HTTPS through a proxy that does not hand on the host',
      headers: {
        host: '127.0.0.1:1880',
        origin: 'https://red.example',
        'sec-fetch-site': 'same-origin'
      },
      passes: true
    },
    {
      name: 'another site',
      headers: { host: 'localhost:1880', origin: 'https://evil.example' },
      passes: false
    },
    {
      name: 'another port of the same machine',
      headers: { host: 'localhost:1880', origin: 'http://localhost:3000' },
      passes: false
    },
    {
      name: 'a page without an origin',
      headers: { host: 'localhost:1880', origin: 'null' },
      passes: false
    },
    {
      name: 'what is no origin',
      headers: { host: 'localhost:1880', origin: 'localhost:1880' },
      passes: false
    },
    {
      name: 'another site that says it was forwarded',
      headers: {
        host: 'localhost:1880',
        origin: 'https://evil.example',
        'x-forwarded-host': 'evil.example'
      },
      passes: false
    },
    {
      name: 'another site, as the browser says',
      headers: { host: 'localhost:1880', 'sec-fetch-site': 'cross-site' },
      passes: false
    },
    {
      name: 'another name of the same site',
      headers: { host: 'a.example', origin: 'http://b.a.example', 'sec-fetch-site': 'same-site' },
      passes: false
    }
  ]
  for (const { name, headers, passes } of cases) {
    it(`${passes ? 'passes' : 'refuses'} ${name}`, () =>
      assert.equal(foreignOrigin(headers) === undefined, passes))
  }
})
