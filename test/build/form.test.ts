import assert from 'node:assert/strict'
import { figureTable, nodeTable, sentenceTable } from '../../build/documents.ts'
import { formOf } from '../../build/form.ts'
import { helpOf } from '../../build/help.ts'
import { localeOf } from '../../build/locale.ts'
import type { Field, NodeSpec } from '../../core/node/spec.ts'

const FIELDS: Record<string, Field> = {
  cluster: {
    kind: 'ref',
    label: 'Cluster',
    default: '',
    type: 'millrace-kafka-cluster',
    help: 'Where.'
  },
  topic: {
    kind: 'text',
    label: 'Topic',
    default: 'a',
    placeholder: '{org}/x',
    required: true,
    pick: 'kafka-topics',
    help: 'Which.'
  },
  secret: { kind: 'secret', label: 'Password', default: '', help: 'Not in the flow.' },
  lingerMs: {
    kind: 'number',
    label: 'Linger',
    default: 5,
    min: 0,
    max: 1000,
    unit: 'ms',
    section: 'advanced',
    help: 'How long.'
  },
  sure: { kind: 'bool', label: 'Sure', default: true, help: 'Whether.' },
  mode: {
    kind: 'choice',
    label: 'Mode',
    default: 'a',
    choices: { a: 'the <first>', '': 'none' },
    help: 'How.'
  },
  query: {
    kind: 'code',
    label: 'Query',
    default: '',
    language: 'sql',
    when: { mode: 'a', sure: true },
    help: 'What.'
  },
  rows: {
    kind: 'list',
    label: 'Rows',
    default: [],
    help: 'Several.',
    columns: { from: { kind: 'text', label: 'From', default: '', placeholder: 'x', help: 'One.' } }
  }
}

const SPEC: NodeSpec = {
  type: 'millrace-sample',
  label: 'sample',
  summary: 'Does <this> & that.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['good', 'bad'],
  fields: FIELDS,
  examples: [{ name: 'one', options: { mode: 'a' }, given: { a: '<b>' }, then: [{ a: 1 }, null] }]
}

describe('the form', () => {
  const form = formOf(SPEC)

  it('has a control of the right kind for each field', () => {
    const expected = [
      '<input type="text" id="node-input-cluster"',
      '<input type="text" id="node-input-topic"',
      '<input type="password" id="node-input-secret"',
      'inputmode="decimal" id="node-input-lingerMs"',
      '<input type="checkbox" id="node-input-sure"',
      '<select id="node-input-mode"></select>'
    ]
    for (const control of expected) assert.ok(form.includes(control), control)
  })

  it('leaves what Node-RED must not read itself without its prefix', () => {
    for (const field of ['query', 'rows'])
      assert.doesNotMatch(form, new RegExp(`node-input-${field}`))
  })

  it('folds the advanced fields', () => {
    const [main, advanced] = form.split('millrace-advanced')
    assert.ok(main!.includes('data-field="topic"') && !main!.includes('lingerMs'))
    assert.ok(advanced!.includes('lingerMs'))
  })

  it('has the prefix of configuration nodes in configuration nodes', () => {
    assert.match(formOf({ ...SPEC, category: 'config' }), /id="node-config-input-topic"/)
  })

  it('has the sections of the spec in their order, and what belongs to none on top', () => {
    const topic = { ...FIELDS.topic!, section: 'where' }
    const made = formOf({
      ...SPEC,
      sections: { what: 'What', where: 'Where' },
      fields: { topic, sure: FIELDS.sure! }
    })
    const places = [
      'data-field="sure"',
      'data-section="what"',
      'data-section="where"',
      'data-field="topic"'
    ]
    const found = places.map(place => made.indexOf(place))
    assert.deepEqual(
      found,
      [...found].sort((one, other) => one - other)
    )
    assert.ok(found.every(place => place > 0))
  })

  it('refuses a section that the spec does not have', () => {
    const fields = { topic: { ...FIELDS.topic!, section: 'nowhere' } }
    assert.throws(() => formOf({ ...SPEC, fields }), /the field topic is of the section "nowhere"/)
  })
})

describe('the help', () => {
  const help = helpOf(SPEC, 'Why **it** is.\n\n### Pitfalls\n\nNone.', '07-sample')

  it('says what the spec says, escaped', () => {
    assert.match(help, /^<p>Does &#60;this&#62; &#38; that\.<\/p>/)
    assert.match(help, /How long\.<div class="millrace-facts">Default: 5 ms\. 0 to 1000\.</)
    assert.match(help, /Default: the &#60;first&#62;\./)
  })

  it('says when a field applies', () => {
    assert.match(
      help,
      /What\.<div class="millrace-facts">Applies where Mode is “the &#60;first&#62;” and Sure is “yes”\./
    )
  })

  it('shows the examples', () => {
    assert.match(help, /<code>\{&#34;a&#34;:&#34;&#60;b&#62;&#34;\}<\/code>/)
    assert.match(help, /<dt>out 2<\/dt><dd><code>nothing<\/code>/)
  })

  it('has the prose and the link to the lesson', () => {
    assert.match(help, /<strong>it<\/strong>/)
    assert.match(help, /<h3>Pitfalls<\/h3>/)
    assert.match(help, /data-lesson="07-sample"/)
  })
})

describe('the locale', () => {
  it('has all texts of the form', () => {
    const { fields } = localeOf(SPEC) as { fields: Record<string, Record<string, unknown>> }
    assert.deepEqual(fields.topic, { label: 'Topic', help: 'Which.', placeholder: '{org}/x' })
    assert.deepEqual(fields.lingerMs, { label: 'Linger', help: 'How long.', unit: 'ms' })
    assert.deepEqual(fields.rows!.columns, {
      from: { label: 'From', help: 'One.', placeholder: 'x' }
    })
  })
})

describe('the tables of the documents', () => {
  it('have a row a node and a row a code', () => {
    const row = nodeTable([{ name: 'sample', spec: SPEC }], 'https://example.org/a')
      .split('\n')
      .at(-1)
    const help = 'https://example.org/a/blob/main/nodes/sample/help.md'
    assert.equal(row, `| [**sample**](${help}) | Does <this> & that. | good, bad |`)
    assert.equal(
      sentenceTable('code', { A_CODE: 'One | two.' }).split('\n').at(-1),
      '| `A_CODE` | One \\| two. |'
    )
  })

  it('have the figures of the newest full run, as they stand there', () => {
    const lane = (heading: string, figure: string) =>
      `${heading} x\n\n| millrace | ${figure} | 9.9 | 1 |  |\n| plain-script | 7 | 2.0 | 1 |  |\n`
    const page = [
      lane('### A: MQTT QoS 1 → raw topic, publisher running', '11'),
      lane('### B: ', '22'),
      lane('### C: ', '33')
    ].join('\n')
    const rows = figureTable(page).split('\n').slice(2)
    assert.deepEqual(
      rows.map(row =>
        row
          .split('|')
          .slice(2, 5)
          .map(cell => cell.trim())
      ),
      ['11', '22', '33'].map(figure => [`${figure}/s, 9.9 µs`, '–', '7/s, 2.0 µs'])
    )
  })
})
