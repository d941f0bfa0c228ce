import assert from 'node:assert/strict'
import { identityOf } from '../../../core/dead-letter/identity.ts'

describe('core/dead-letter/identity: what is the same record', () => {
  const headers = {
    'mqtt.topic': 'site/a',
    'millrace.origin.offset': '7',
    'millrace.reason.code': 'JSON_INVALID'
  }
  const identity = identityOf('a', 'rubbish', headers)

  it('key, value and headers, whether they are text or bytes and in any order', () => {
    const read = {
      'millrace.reason.code': Buffer.from('TS_PAST'),
      'mqtt.topic': Buffer.from('site/a')
    }
    assert.equal(identityOf(Buffer.from('a'), Buffer.from('rubbish'), read), identity)
    assert.equal(identityOf('a', 'b', { x: '1', y: '2' }), identityOf('a', 'b', { y: '2', x: '1' }))
    assert.equal(
      identityOf('a', 'b', { x: ['1', Buffer.from('2')] }),
      identityOf('a', 'b', { x: [Buffer.from('1'), '2'] })
    )
  })

  it('not what differs in any of them, nor where a boundary lies', () => {
    const others = [
      identityOf('b', 'rubbish', headers),
      identityOf('a', 'rubbish!', headers),
      identityOf('a', 'rubbish', { ...headers, 'mqtt.topic': 'site/b' }),
      identityOf('a', 'rubbish', { ...headers, traceparent: '1' }),
      identityOf('ar', 'ubbish', headers),
      identityOf(null, 'rubbish', headers),
      identityOf('', 'rubbish', headers),
      identityOf('a', null, headers),
      identityOf('a', '', headers),
      identityOf('a', 'rubbish', {}),
      identityOf('a', 'rubbish', { ...headers, 'mqtt.topic': ['site/a', ''] })
    ]
    assert.equal(new Set([identity, ...others]).size, others.length + 1)
  })

  it('not one that was replayed: it is rejected a second time', () => {
    const again = identityOf('a', 'rubbish', { ...headers, 'millrace.replays': '1' })
    assert.notEqual(again, identity)
    assert.notEqual(identityOf('a', 'rubbish', { ...headers, 'millrace.replays': '2' }), again)
  })
})
