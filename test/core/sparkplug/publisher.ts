/**
 * Writes payloads by the schema of the specification, with the library's own encoder: nothing of
 * what is tested takes part.
 */
import protobuf from 'protobufjs'

const NUMBERS = (from: number) => `oneof value {
  uint32 int_value = ${from}; uint64 long_value = ${from + 1}; float float_value = ${from + 2};
  double double_value = ${from + 3}; bool boolean_value = ${from + 4}; string string_value = ${from + 5};`

const SCHEMA = `syntax = "proto2";
message Payload {
  optional uint64 timestamp = 1; repeated Metric metrics = 2; optional uint64 seq = 3;
  optional string uuid = 4; optional bytes body = 5;
}
message Metric {
  optional string name = 1; optional uint64 alias = 2; optional uint64 timestamp = 3;
  optional uint32 datatype = 4; optional bool is_historical = 5; optional bool is_transient = 6;
  optional bool is_null = 7; optional MetaData metadata = 8; optional PropertySet properties = 9;
  ${NUMBERS(10)} bytes bytes_value = 16; DataSet dataset_value = 17; Template template_value = 18; }
}
message MetaData { optional string description = 8; }
message PropertySet { repeated string keys = 1; repeated PropertyValue values = 2; }
message PropertySetList { repeated PropertySet propertyset = 1; }
message PropertyValue { optional uint32 type = 1; optional bool is_null = 2;
  ${NUMBERS(3)} PropertySet propertyset_value = 9; PropertySetList propertysets_value = 10; } }
message DataSet { optional uint64 num_of_columns = 1; repeated string columns = 2;
  repeated uint32 types = 3; repeated Row rows = 4; }
message Row { repeated Cell elements = 1; }
message Cell { ${NUMBERS(1)} } }
message Template { optional string version = 1; repeated Metric metrics = 2;
  repeated Parameter parameters = 3; optional string template_ref = 4; optional bool is_definition = 5; }
message Parameter { optional string name = 1; optional uint32 type = 2; ${NUMBERS(3)} } }`

const type = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Payload')

/** The fields are named as in the schema; integers beyond 2^53 as text. */
export const payloadOf = (content: object): Buffer =>
  Buffer.from(type.encode(type.fromObject(content)).finish())

/** What a payload holds, for those that a host has sent. */
export const contentOf = (bytes: Buffer) =>
  type.toObject(type.decode(bytes), { longs: Number }) as {
    metrics: { name: string; boolean_value?: boolean }[]
  }
