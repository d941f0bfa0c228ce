/** Messages of Protobuf as a program has them that was made by the compiler of Protobuf. */
import type { Confluent } from '../../servers/confluent.ts'

const field = (name: string, number: number, type: number, more: object = {}) => ({
  name,
  number,
  type,
  label: 1,
  jsonName: name,
  ...more
})

const FILES = [
  {
    name: 'common.proto',
    package: 'plant',
    syntax: 'proto3',
    messageType: [{ name: 'Unit', field: [field('name', 1, 9)] }]
  },
  {
    name: 'reading.proto',
    package: 'plant',
    syntax: 'proto3',
    dependency: ['common.proto'],
    messageType: [
      { name: 'Other', field: [field('x', 1, 5)] },
      {
        name: 'Reading',
        field: [
          field('device_id', 1, 9),
          field('value', 2, 1),
          field('count', 3, 18),
          field('unit', 4, 11, { typeName: '.plant.Unit' })
        ],
        nestedType: [
          {
            name: 'Batch',
            field: [field('readings', 1, 11, { typeName: '.plant.Reading', label: 3 })]
          }
        ]
      }
    ]
  }
]

export function PLANT({ protobuf, wkt }: Confluent) {
  const set = protobuf.create(wkt.FileDescriptorSetSchema, { file: FILES })
  const files = protobuf.createFileRegistry(set)
  const [Reading, Batch, Unit] = ['Reading', 'Reading.Batch', 'Unit'].map(name =>
    files.getMessage(`plant.${name}`)
  )
  const reading = (device: string) =>
    protobuf.create(Reading, {
      deviceId: device,
      value: 21.5,
      count: 9_007_199_254_740_993n,
      unit: protobuf.create(Unit, { name: 'C' })
    })
  return { Reading, Batch, reading }
}
