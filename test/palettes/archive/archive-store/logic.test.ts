import assert from 'node:assert/strict'
import { parseOptions } from '../../../../core/node/spec.ts'
import { OptionsError } from '../../../../core/options-error.ts'
import { shownStore } from '../../../../palettes/archive/core/settings.ts'
import { settingsOf } from '../../../../palettes/archive/nodes/archive-store/logic.ts'
import { spec } from '../../../../palettes/archive/nodes/archive-store/spec.ts'

const settings = (given: object) => settingsOf(parseOptions(spec, { ...given }), '/home/red')
const s3 = { kind: 's3', bucket: 'plant', endpoint: 'http://127.0.0.1:9000' }
const azure = { kind: 'azure', container: 'plant' }

describe('archive-store: settings', () => {
  it('puts a relative folder below the user directory, and ends a prefix with a slash', () => {
    assert.deepEqual(settings({}), { kind: 'folder', folder: '/home/red/archive', isMade: true })
    assert.equal(shownStore(settings({ folder: '/srv/a' })), '/srv/a')
    assert.equal(shownStore(settings({ ...s3, prefix: 'a/b' })), 's3://plant/a/b/')
  })

  it('shows no key of a store', () => {
    const keys = { accessKey: 'AKIA-X', secretKey: 'hidden', sessionToken: 'hidden' }
    assert.doesNotMatch(shownStore(settings({ ...s3, ...keys })), /hidden|AKIA/)
    const connection = { ...azure, connectionString: 'AccountKey=hidden' }
    assert.equal(shownStore(settings(connection)), 'azure://plant/')
  })

  for (const [what, given] of [
    ['a key without its other half', { ...s3, accessKey: 'a' }],
    ['no bucket', { kind: 's3' }],
    ['an endpoint with a path', { ...s3, endpoint: 'http://host/path' }],
    ['no connection string', azure],
    ['no signature', { ...azure, login: 'sas', address: 'https://a.blob.core.windows.net' }]
  ] as const)
    it(`refuses ${what}`, () => {
      assert.throws(() => settings(given), OptionsError)
    })
})
