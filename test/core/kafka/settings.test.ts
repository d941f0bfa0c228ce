import assert from 'node:assert/strict'
import { isTopicName, parseBrokers, parseNames } from '../../../core/kafka/settings.ts'

const lists: readonly [text: string, brokers: string[] | RegExp][] = [
  ['127.0.0.1:19092', ['127.0.0.1:19092']],
  ['kafka-1:9092, kafka-2:9093', ['kafka-1:9092', 'kafka-2:9093']],
  ['kafka-1\nkafka-2', ['kafka-1:9092', 'kafka-2:9092']],
  ['', /give at least one address/],
  [' , ', /give at least one address/],
  ['kafka://a:1', /"kafka:\/\/a:1" is a URL/],
  ['[::1]:9092', /IPv6/],
  ['::1', /IPv6/],
  ['a:b', /"a:b" is not of the form host:port/],
  ['a:0', /not of the form/],
  ['a:70000', /not of the form/],
  [':9092', /not of the form/]
]

describe('core/kafka/settings', () => {
  for (const [text, expected] of lists) {
    it(`brokers: "${text.replace('\n', ' ')}"`, () => {
      if (expected instanceof RegExp) assert.throws(() => parseBrokers(text), expected)
      else assert.deepEqual(parseBrokers(text), expected)
    })
  }

  it('names are each taken once', () => assert.deepEqual(parseNames(' a, b\na,,'), ['a', 'b']))

  it('knows the name of a topic', () => {
    for (const good of ['a', 'iot-telemetry-raw', 'A.b_c-1', 'x'.repeat(249)])
      assert.ok(isTopicName(good), good)
    for (const bad of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)])
      assert.ok(!isTopicName(bad), bad)
  })
})
