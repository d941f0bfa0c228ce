import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isRisky } from '../../../core/record/mqtt-text.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../../core/record/topic-template.ts'

const FULL = '{org}/{site}/{device_type}/{device_id}/{measurement}'

describe('topic template', () => {
  const filters: [template: string, filter: string, fields: string[]][] = [
    [FULL, '+/+/+/+/+', ['org', 'site', 'device_type', 'device_id', 'measurement']],
    ['acme/{site}/{device_id}/reading', 'acme/+/+/reading', ['site', 'device_id']],
    ['acme/{device_id}/{kind:reading|alert}', 'acme/+/+', ['device_id', 'kind']],
    ['acme/{device_id}/{kind:reading}', 'acme/+/reading', ['device_id', 'kind']],
    ['acme/+/{device_id}/#', 'acme/+/+/#', ['device_id']],
    ['/leading/{id}', '/leading/+', ['id']]
  ]
  for (const [template, filter, fields] of filters) {
    it(`${template} subscribes to ${filter}`, () => {
      const compiled = compileTopicTemplate(template)
      assert.equal(compiled.filter, filter)
      assert.deepEqual(compiled.fields, fields)
    })
  }

  const topics: [template: string, topic: string, fields: object | undefined][] = [
    ['acme/{site}/{device_id}', 'acme/north/d1', { site: 'north', device_id: 'd1' }],
    ['acme/{site}/{device_id}', 'other/north/d1', undefined],
    ['acme/{site}/{device_id}', 'acme/north', undefined],
    ['acme/{site}/{device_id}', 'acme/north/d1/more', undefined],
    ['acme/{site}/{device_id}', 'acme/north/', undefined],
    ['acme/+/{device_id}', 'acme//d1', { device_id: 'd1' }],
    ['acme/{id}/{kind:reading|alert}', 'acme/d1/alert', { id: 'd1', kind: 'alert' }],
    ['acme/{id}/{kind:reading|alert}', 'acme/d1/status', undefined],
    ['acme/{id}/#', 'acme/d1', { id: 'd1' }],
    ['acme/{id}/#', 'acme/d1/a/b', { id: 'd1' }],
    ['acme/{id}/#', 'acme', undefined],
    ['#', 'anything/at/all', {}],
    ['#', '$SYS/broker/uptime', undefined],
    ['{a}/{b}', '$SYS/uptime', undefined],
    ['$SYS/{b}', '$SYS/uptime', { b: 'uptime' }]
  ]
  for (const [template, topic, fields] of topics) {
    it(`${template} ${fields ? 'takes' : 'refuses'} "${topic}"`, () => {
      const compiled = compileTopicTemplate(template)
      assert.deepEqual(compiled.match(topic), fields)
      assert.equal(compiled.matches(topic), fields !== undefined)
    })
  }

  const wrong: [template: string, problem: RegExp][] = [
    ['', /at least one level/],
    ['a/{b}{c}', /must be text or one field/],
    ['a/dev-{b}', /must be text or one field/],
    ['a/{b', /must be text or one field/],
    ['a/b+', /must be \+ or # alone/],
    ['a/#/b', /# must be the last level/],
    ['{a}/{a}', /\{a\} stands in it twice/],
    ['{__proto__}/a', /cannot be the name of a field/],
    ['{a:x|}', /"" cannot be a value of \{a\}/],
    ['a\0b', /cannot have the character U\+0000/],
    ['{a}/b\n', /cannot have the character U\+000A/],
    ['$share/g/{a}', /shared subscription/],
    ['x'.repeat(65_536), /65535 bytes/]
  ]
  for (const [template, problem] of wrong) {
    it(`refuses "${template.slice(0, 20)}" in words`, () => {
      assert.match(topicTemplateProblems(template).join('; '), problem)
      assert.throws(() => compileTopicTemplate(template), { code: 'OPTIONS_INVALID' })
    })
  }

  it('makes the topic of a record', () => {
    assert.equal(
      compileTopicTemplate('acme/{site}/{device_id}').fill({ site: 'north', device_id: 7 }),
      'acme/north/7'
    )
  })

  const unfillable: [template: string, record: Record<string, unknown>][] = [
    ['a/{id}', {}],
    ['a/{id}', { id: '' }],
    ['a/{id}', { id: 'x/y' }],
    ['a/{id}', { id: 'x+' }],
    ['a/{id}', { id: 'nul\0' }],
    ...['\u0001', '\t', '\n', '\x7F', '\x85', '\uFDD0', '\uFFFF', '\u{1FFFE}', '\uD800'].map(
      (character): [string, Record<string, unknown>] => ['a/{id}', { id: `a${character}b` }]
    ),
    ['a/{id}', { id: null }],
    ['a/{id}', { id: Number.NaN }],
    ['a/{toString}', {}],
    ['a/{id:x|y}', { id: 'z' }],
    ['a/+', {}],
    ['a/#', {}]
  ]
  for (const [template, record] of unfillable) {
    it(`refuses to make ${template} of ${JSON.stringify(record)}`, () => {
      assert.throws(() => compileTopicTemplate(template).fill(record), {
        code: 'TOPIC_FIELD_INVALID'
      })
    })
  }

  it('reads back what it filled in', () => {
    const level = fc
      .string({ minLength: 1, unit: 'binary' })
      .filter(text => !/[/+#]/.test(text) && !isRisky(text) && !text.startsWith('$'))
    const template = compileTopicTemplate(FULL)
    const record = fc.record({
      org: level,
      site: level,
      device_type: level,
      device_id: level,
      measurement: level
    })
    fc.assert(
      fc.property(record, given =>
        assert.deepEqual(template.match(template.fill(given)), { ...given })
      )
    )
  })

  it('never throws on a topic, whatever it is', () => {
    const template = compileTopicTemplate('acme/{a}/{b:x|y}/#')
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        topic => template.matches(topic) === (template.match(topic) !== undefined)
      )
    )
  })
})
