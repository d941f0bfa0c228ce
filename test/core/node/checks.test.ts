import assert from 'node:assert/strict'
import { type Check, checked } from '../../../core/node/checks.ts'

const good: [Check, string[]][] = [
  [
    'mqtt-url',
    [
      'mqtt://broker.example:1883',
      'mqtts://10.0.0.1',
      'ws://broker.example/mqtt',
      'WSS://a',
      'mqtt://[::1]:1883',
      'mqtt://u:p@h'
    ]
  ],
  [
    'postgres-url',
    [
      'postgres://postgres@127.0.0.1:5432/postgres',
      'postgresql://h/d?sslmode=require',
      'postgres://u:p%40@h'
    ]
  ],
  ['lookup-url', ['https://registry.example.org/devices/{key}', 'http://127.0.0.1:8080/?id={key}']],
  [
    'host',
    ['db', 'db.example', '127.0.0.1', '::1', 'fe80::1%eth0', '/var/run/postgresql', 'my_db']
  ],
  ['brokers', ['127.0.0.1:9092', 'kafka-1, kafka-2:9093', 'a_b:1']],
  ['kafka-topic', ['iot-telemetry-raw', 'a.b_C']],
  ['kafka-topics', ['a', 'a, b c']],
  ['topic-template', ['acme/{site}/+/#', 'a']],
  ['topic-filter', ['acme/+/#']],
  ['field-path', ['device_id', 'meta.id', '0']],
  ['mqtt-text', ['text/plain; charset=utf-8', 'käse 😀', 'ü'.repeat(32_000)]],
  ['mqtt-text-template', ['{site} is it']],
  ['answer-topic', ['millrace/answers/{client_id}']],
  ['table-name', ['telemetry', 'iot.telemetry', '"My Table"']],
  ['time-zone', ['Europe/Berlin', 'UTC', '+02:00', '-0330', '+05']],
  ['duration', ['30 s', '15min', '1 h 30 min', '0.5 h', '2 weeks', '500 ms', '1d']],
  [
    'instant',
    ['2026-01-31T00:00:00Z', '2026-01-31', '2026-01-31T00:00+01:00', '2026-01-31T00:00:00.5Z']
  ],
  ['full-path', ['/data/devices.csv', 'C:\\data\\devices.csv', '\\\\server\\share\\x.csv']],
  ['keys-statement', ['SELECT * FROM d WHERE id = ANY($1)']]
]

const wrong: [Check, string, RegExp][] = [
  [
    'mqtt-url',
    'broker.example',
    /^"broker.example" is no URL: it must begin with mqtt:\/\/ or .* as in mqtt:\/\/broker.example:1883$/
  ],
  ['mqtt-url', 'broker.example:1883', /is no URL/],
  ['mqtt-url', 'mqtt:broker.example', /is no URL/],
  ['mqtt-url', 'http://broker.example', /must begin with .*, not http:/],
  ['mqtt-url', 'mqtt://', /names no host/],
  ['mqtt-url', 'mqtt://:1883', /names no host/],
  ['mqtt-url', 'mqtt:///x', /names no host/],
  ['mqtt-url', 'mqtt://broker example', /is not a URL/],
  ['mqtt-url', 'mqtt://broker:99999', /is not a URL/],
  ['mqtt-url', 'mqtt://user:s3cret@bro ker', /^(?!.*s3cret).* is not a URL/],
  ['postgres-url', 'db.example/iot', /is no URL: it must begin with postgres:/],
  ['postgres-url', 'mysql://db', /not mysql:/],
  ['postgres-url', 'postgres://db/x?sslmode=maybe', /sslmode must be one of/],
  ['lookup-url', 'registry.example.org/{key}', /is no URL/],
  ['lookup-url', 'http://registry.example.org/', /must have \{key\}/],
  ['lookup-url', 'http://{key}.example.org/', /name of the server/],
  ['lookup-url', 'http://u:p@example.org/{key}', /user name or password/],
  ['host', 'postgres://db', /no name of a host/],
  ['host', 'db:5432', /no name of a host/],
  ['host', 'my db', /no name of a host/],
  ['brokers', ' , ', /at least one address/],
  ['brokers', 'a:9092, b:http', /"b:http" is not of the form/],
  ['brokers', 'kafka://a:9092', /is a URL/],
  ['brokers', 'a:0', /not of the form/],
  ['brokers', '-a', /not of the form/],
  ['kafka-topic', '..', /no name of a topic/],
  ['kafka-topic', 'a b', /no name of a topic/],
  ['kafka-topics', 'a, b/c', /"b\/c" is no name/],
  ['topic-template', 'a/{b', /must be text or one field/],
  ['topic-template', 'a/#/b', /# must be the last/],
  ['topic-filter', 'acme/{site}', /not fields/],
  ['field-path', 'a..b', /not the path/],
  ['field-path', '__proto__', /not the path/],
  ['mqtt-text', 'a\nb', /has the character U\+000A/],
  ['mqtt-text', '\u{1FFFF}', /has the character U\+1FFFF/],
  ['mqtt-text', 'ü'.repeat(33_000), /longer than 65535 bytes/],
  ['mqtt-text-template', '{site}\t', /has the character U\+0009/],
  ['answer-topic', 'a\nb', /no control character/],
  ['published-topic', 'a/b\n', /cannot have the character U\+000A/],
  ['table-name', 'a b', /not the name of a table/],
  ['duration', '30', /"30" is no duration such as 30 s/],
  ['duration', 's 30', /no duration/],
  ['duration', '30 s later', /no duration/],
  ['duration', '1 constructor', /no duration/],
  ['duration', '9'.repeat(100), /no duration/],
  ['time-zone', 'Berlin', /there is no time zone "Berlin"/],
  ['time-zone', '+25:00', /there is no time zone/],
  ['time-zone', 'Europe/Berlin ', /there is no time zone/],
  ['time-zone', 'x'.repeat(100), /there is no time zone/],
  ['instant', 'yesterday', /is not a time/],
  ['instant', '5', /is not a time/],
  ['instant', '2026-02-31T00:00:00Z', /is not a time/],
  ['instant', '2026-01-31T00:00', /is not a time/],
  ['full-path', 'devices.csv', /full path/],
  ['keys-statement', 'SELECT 1', /\$1/]
]

describe('what the form and the node check alike', () => {
  for (const [check, texts] of good)
    for (const text of texts)
      it(`${check} takes ${text}`, () => assert.deepEqual(checked(check, text), []))
  for (const [check, text, problem] of wrong)
    it(`${check} does not take ${JSON.stringify(text).slice(0, 60)}`, () =>
      assert.match(checked(check, text).join('; '), problem))
})
