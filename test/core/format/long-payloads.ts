/** Readings in formats that need a schema, written by hand as their specifications say. */

export const PROTO_READINGS = `syntax = "proto3";
message Reading { string device_id = 1; double value = 2; }
message Batch { string site = 1; repeated Reading readings = 2; }`

export const AVRO_READINGS = JSON.stringify({
  type: 'record',
  name: 'Batch',
  fields: [
    { name: 'site', type: 'string' },
    {
      name: 'readings',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Reading',
          fields: [
            { name: 'device_id', type: 'string' },
            { name: 'value', type: ['null', 'double'] }
          ]
        }
      }
    }
  ]
})

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

export function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left])
    bytes.push((left % 128) + 128)
  }
}

export function protobufReadings(count: number): Buffer {
  const field = (tag: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes])
  const each = numbers(count).map(n =>
    field(
      0x12,
      Buffer.concat([field(0x0a, Buffer.from(`d${n % 50}`)), Buffer.from([0x11]), double(n / 8)])
    )
  )
  return Buffer.concat([field(0x0a, Buffer.from('s1')), ...each])
}

export function avroReadings(count: number): Buffer {
  const text = (value: string) => Buffer.concat([varint(value.length * 2), Buffer.from(value)])
  const each = numbers(count).map(n =>
    Buffer.concat([text(`d${n % 50}`), Buffer.from([2]), double(n / 8)])
  )
  return Buffer.concat([text('s1'), varint(count * 2), ...each, Buffer.from([0])])
}
