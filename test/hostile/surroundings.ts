/** What is odd about a message beside its payload: topic and properties. */
import fc from 'fast-check'
import type { IClientPublishOptions } from 'mqtt'
import { anywhere, either, type Kind, letter, stored } from './fates.ts'

type Properties = NonNullable<IClientPublishOptions['properties']>

const at =
  (level: number, text: string): Kind =>
  plain => {
    const levels = ['acme', 'site-01', plain.metric, plain.device_id, 'reading']
    levels[level] = text
    return { topic: levels.join('/'), fate: stored(plain) }
  }

export const TOPICS: Record<string, Kind> = {
  'a topic of too few levels': ({ n }) => ({
    topic: ['acme', 'acme/', 'acme/x/reading', 'acme/a/b/c'][n % 4]!,
    fate: letter('TOPIC_MISMATCH')
  }),
  'a topic of 200 levels': () => ({
    topic: `acme/${'a/'.repeat(200)}reading`,
    fate: letter('TOPIC_MISMATCH')
  }),
  'a topic of 20 kB': ({ n }) => ({
    topic: `acme/${n}${'x'.repeat(20_000)}`,
    fate: letter('TOPIC_MISMATCH')
  }),
  'a level of 20 kB': at(1, 'x'.repeat(20_000)),
  'a topic with empty levels': plain => ({
    topic: 'acme////reading',
    fate: either,
    payload: JSON.stringify(plain)
  }),
  'names of prototypes in a topic': plain => ({
    topic: 'acme/__proto__/constructor/toString/reading',
    fate: stored(plain)
  }),
  'dots and slashes of paths': at(1, '..'),
  'other alphabets in a topic': at(1, 'größe 日本 \u202e 👩‍👧'),
  'expressions and templates in a topic': at(2, '{site} ${PATH} $(id) %00 * ? \\ "\''),
  'a topic that begins a group': at(1, '$share'),
  'a random topic': (_plain, draw) => {
    const level = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .map(text => text.replace(/[+#/\0:\ud800-\udfff]/g, '_'))
    const levels = draw(fc.array(level, { minLength: 1, maxLength: 8 }))
    return { topic: `acme/${levels.join('/')}`, fate: anywhere }
  }
}

const having =
  (properties: (n: number) => Properties): Kind =>
  plain => ({ properties: properties(plain.n), fate: stored(plain) })

const CONTENT_TYPES = [
  '',
  'application/json; charset=utf-16',
  'text/csv',
  'application/cbor',
  'x'.repeat(10_000),
  '\u2028',
  '__proto__'
]

export const PROPERTIES: Record<string, Kind> = {
  '1,000 user properties': having(n => ({
    userProperties: Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`name-${i}`, `${n}`])
    )
  })),
  'a user property that comes 500 times': having(() => ({
    userProperties: { name: Array.from({ length: 500 }, (_, i) => `value ${i}`) }
  })),
  'a user property of 50 kB': having(() => ({ userProperties: { name: 'x'.repeat(50_000) } })),
  'names of prototypes as user properties': having(() => ({
    userProperties: Object.fromEntries(
      ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''].map(name => [name, 'x'])
    )
  })),
  'forged headers': having(() => ({
    userProperties: {
      'mqtt.topic': 'forged',
      'mqtt.qos': '9',
      'millrace.reason.code': 'FORGED',
      'millrace.stage': 'FORGED',
      'millrace.replays': '99',
      'millrace.truncated': '1',
      'millrace.origin.kind': 'x'
    }
  })),
  'odd user properties': having(() => ({
    userProperties: { 'a\nb': 'c\r\nd: e', traceparent: 'no trace', 'é 👩‍👧': '\u202e' }
  })),
  'an odd content type': having(n => ({ contentType: CONTENT_TYPES[n % CONTENT_TYPES.length]! })),
  'an answer topic and data': having(() => ({
    responseTopic: 'a/b',
    correlationData: Buffer.alloc(20_000, 0xff)
  })),
  'text announced': having(() => ({ payloadFormatIndicator: true, messageExpiryInterval: 3_600 }))
}
