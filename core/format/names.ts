/** What formats are called in the dialogs. */
export const FORMATS = {
  json: 'JSON',
  'json-lines': 'JSON lines',
  'json-sequence': 'JSON values one after the other',
  bare: 'a bare value: number, text or word',
  csv: 'CSV',
  'line-protocol': 'InfluxDB line protocol',
  msgpack: 'MessagePack',
  cbor: 'CBOR',
  protobuf: 'Protobuf, by its schema',
  avro: 'Avro, by its schema',
  'senml-json': 'SenML as JSON',
  'senml-cbor': 'SenML as CBOR'
} as const

export type Format = keyof typeof FORMATS
