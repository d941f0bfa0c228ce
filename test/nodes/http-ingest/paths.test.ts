import assert from 'node:assert/strict'
import { withoutSlashes } from '../../../core/upload/slashes.ts'
import { keepOffEditor, type Roots } from '../../../nodes/http-ingest/editor-paths.ts'
import { askedOf } from '../../../nodes/http-ingest/influx.ts'
import { pathOf, queryOf } from '../../../nodes/http-ingest/paths.ts'

describe('http-ingest paths', () => {
  const paths: readonly (readonly [url: string, path: string | undefined])[] = [
    ['/', ''],
    ['///', ''],
    ['/a/b', 'a/b'],
    ['//a//b//?c=/d/', 'a//b'],
    ['/a%20b/%C3%A9', 'a b/é'],
    ['/a%2Fb', undefined],
    ['/a/%zz', undefined]
  ]
  for (const [url, path] of paths)
    it(`reads ${url}`, () => {
      assert.equal(pathOf(url), path)
    })

  it('reads slashes by the thousand in no time', () => {
    const slashes = '/'.repeat(200_000)
    const startMs = performance.now()
    assert.equal(pathOf(`/a${slashes}b`), `a${slashes}b`)
    assert.equal(withoutSlashes(`${slashes}a${slashes}b${slashes}`), `a${slashes}b`)
    assert.equal(askedOf('write', `a${slashes}b`), undefined)
    // It took a minute when its time grew with the square.
    assert.ok(performance.now() - startMs < 5_000)
  })

  it('reads what is asked for behind any path', () => {
    assert.equal(queryOf('//a%20b/c?db=x?y&p=1').get('db'), 'x?y')
    assert.equal(queryOf('/a').size, 0)
  })

  for (const prefix of ['', '/', '//'])
    it(`takes InfluxDB clients at the root where the path before is "${prefix}"`, () => {
      assert.equal(askedOf('write', prefix), 'write')
      assert.equal(askedOf('health', prefix), 'presence')
    })

  describe('refuses a path that could be one of the editor', () => {
    const cases: readonly (readonly [path: string, roots: Roots, isRefused: boolean])[] = [
      ['{site}/{device_id}', {}, true],
      ['{device_id}', { httpAdminRoot: '/', httpNodeRoot: '/' }, true],
      ['{site:a|b}/x', {}, true],
      ['+/x', {}, true],
      ['#', {}, true],
      ['flows', {}, true],
      ['/Flow/{id}', {}, true],
      ['auth/token', {}, true],
      ['ingest/{site}/{device_id}', {}, false],
      ['ingest/#', {}, false],
      ['{site}/{device_id}', { httpAdminRoot: false }, false],
      ['{site}/{device_id}', { httpAdminRoot: '/red/', httpNodeRoot: '/api/' }, false],
      ['{site}/{device_id}', { httpAdminRoot: '/red', httpNodeRoot: '/red' }, true],
      ['{site}/{device_id}', { httpAdminRoot: '/', httpNodeRoot: '/api' }, false],
      ['{site}/{device_id}', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, true],
      ['{site}/readings', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, false],
      ['admin/flows', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, true],
      ['admin', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, false],
      ['flows', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, false],
      ['#', { httpAdminRoot: '/admin', httpNodeRoot: '/' }, true],
      ['{id}', { httpAdminRoot: '/', httpNodeRoot: '/flow' }, true],
      ['/api/v2/write', {}, false],
      ['settings/api/v2/write', {}, true]
    ]
    for (const [path, roots, isRefused] of cases)
      it(`${path} at ${JSON.stringify(roots)}: ${isRefused ? 'refused' : 'taken'}`, () => {
        const start = () => keepOffEditor('urlPath', path, roots)
        if (isRefused) assert.throws(start, /Path: .+ could take requests of the editor/)
        else start()
      })
  })
})
