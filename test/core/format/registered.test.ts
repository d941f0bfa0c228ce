import assert from 'node:assert/strict'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor.js'
import { formatDefaults } from '../../../core/format/fields.ts'
import { registeredReader } from '../../../core/format/reader.ts'
import type { SchemaText } from '../../../core/format/schema-id.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'

const ID = 7

/** What becomes of a payload whose header names the schema. */
async function read(schema: Partial<SchemaText> | undefined, rest: string | Uint8Array) {
  const whole = schema && ({ kind: 'AVRO', text: '', references: [], ...schema } as const)
  const reader = await registeredReader(formatDefaults({}), { known: () => whole })
  const [item] = reader.read(Buffer.concat([Buffer.of(0, 0, 0, 0, ID), Buffer.from(rest)]), {
    arrivedMs: 0
  })
  const { record } = item!
  return record instanceof ParseFailure ? `${record.code} ${record.message}` : { ...record }
}

const WRITTEN = {
  proto3: `syntax = "proto3"; package plant.line;
    enum Mode { option allow_alias = true; IDLE = 0; OFF = 0; RUN = 2; }
    message Other { int32 x = 1; }
    message Reading {
      message Part { string name = 1; }
      message Batch { repeated Reading readings = 1; }
      string device_id = 1; optional double value = 2; Mode mode = 3;
      map<string, Part> parts = 4; repeated sint32 steps = 5; repeated float plain = 6 [packed = false];
      oneof kind { string text = 7; int64 number = 8; }
      bytes raw = 9;
    }`,
  proto2: `syntax = "proto2";
    message Other { optional int32 x = 1; }
    message Reading {
      required string device_id = 1; optional string unit = 2 [default = "a \\"C\\""];
      optional int32 count = 3 [default = -5]; repeated int32 steps = 4;
    }`
} as const

/** As the compiler of Protobuf makes it. */
function compiled(text: string, syntax: string): string {
  const root = protobuf.parse(text, new protobuf.Root(), { keepCase: true }).root
  root.resolveAll()
  const { file } = root.toDescriptor(syntax)
  return Buffer.from(descriptor.FileDescriptorProto.encode(file[0]!).finish()).toString('base64')
}

const VALUES: Readonly<Record<string, object>> = {
  proto3: {
    device_id: 'd1',
    value: 0,
    mode: 2,
    parts: { a: { name: 'x' }, b: {} },
    steps: [-1, 2],
    plain: [0.5, 1.5],
    number: 12,
    raw: Buffer.from('ab')
  },
  proto2: { device_id: 'd1', steps: [1, 2] }
}

describe('core/format: records of a schema registry', () => {
  for (const [syntax, text] of Object.entries(WRITTEN)) {
    const { root } = protobuf.parse(text, new protobuf.Root(), { keepCase: true })
    const type = root.lookupType('Reading')
    const bytes = type.encode(type.fromObject(VALUES[syntax]!)).finish()
    // The second message: one zigzag number, 1.
    const payload = Buffer.concat([Buffer.from('0202', 'hex'), bytes])

    it(`reads ${syntax} by a compiled schema as by its text`, async () => {
      const asText = await read({ kind: 'PROTOBUF', text }, payload)
      assert.equal((asText as { device_id?: string }).device_id, 'd1', JSON.stringify(asText))
      const asCompiled = await read({ kind: 'PROTOBUF', text: compiled(text, syntax) }, payload)
      assert.deepEqual(asCompiled, asText)
    })
  }

  for (const [name, schema, rest, expected] of [
    ['no schema of this id', undefined, '{}', /^SCHEMA_ID_UNKNOWN .* 7\.$/],
    ['a schema of Avro that is wrong', { text: '{' }, '', /^FORMAT_INVALID .*schema 7.*not JSON/],
    ['Protobuf that is no schema', { kind: 'PROTOBUF', text: 'x {' }, '\0', /^FORMAT_INVALID/],
    ['base64 that is none', { kind: 'PROTOBUF', text: 'AAAA' }, '\0', /^FORMAT_INVALID/],
    [
      'a message that is not there',
      { kind: 'PROTOBUF', text: WRITTEN.proto2 },
      '\x02\x08',
      /names no/
    ],
    [
      'a schema that imports what is not at hand',
      { kind: 'PROTOBUF', text: 'import "a.proto";' },
      '\0',
      /a\.proto/
    ],
    [
      'a message of very many fields',
      {
        kind: 'PROTOBUF',
        text: `message A { ${Array.from({ length: 7_000 }, (_, at) => `int32 f${at} = ${at + 1};`).join('')} }`
      },
      '\0',
      /^FORMAT_INVALID .*more than 1000 fields/
    ],
    [
      'a very long schema of Protobuf',
      { kind: 'PROTOBUF', text: `syntax = "proto3"; ${'message A { } '.repeat(20_000)}` },
      '\0',
      /^FORMAT_INVALID .*more than 200000 characters/
    ],
    [
      'a group',
      {
        kind: 'PROTOBUF',
        text: 'syntax="proto2"; message A { optional group G = 1 { optional int32 x = 1; } }'
      },
      '\0\x0b',
      /^FORMAT_INVALID .*group/
    ],
    ['a type of Avro that nothing declares', { text: '"plant.Unit"' }, '', /no type "plant.Unit"/],
    ['JSON that is cut off', { kind: 'JSON' }, '{"a":', /^JSON_INVALID/]
  ] as const)
    it(`rejects alone: ${name}`, async () =>
      assert.match(String(await read(schema as Partial<SchemaText>, rest)), expected))

  it('reads Avro with types that other schemas declare, each by those before it', async () => {
    const references = [
      { name: 'a', text: '{"type":"enum","name":"plant.Unit","symbols":["C","F"]}' },
      {
        name: 'b',
        text: '{"type":"record","name":"plant.Of","fields":[{"name":"unit","type":"plant.Unit"}]}'
      }
    ]
    const text = '{"type":"record","name":"R","fields":[{"name":"of","type":"plant.Of"}]}'
    assert.deepEqual(await read({ text, references }, '\x02'), { of: { unit: 'F' } })
  })
})
