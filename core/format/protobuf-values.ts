import { instantText } from './instant-text.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Message types that the Protobuf JSON mapping writes as one value; a type that is not here is an
 * object.
 */
export const PROTOBUF_VALUES: Readonly<Record<string, (message: Fields) => unknown>> = {
  '.google.protobuf.Timestamp': ({ seconds = 0, nanos = 0 }) =>
    instantText(Number(seconds), Number(nanos)),
  '.google.protobuf.Value': jsonOf,
  '.google.protobuf.Struct': ({ fields = {} }) => fields,
  '.google.protobuf.ListValue': ({ values = [] }) => values,
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
      name => [`.google.protobuf.${name}Value`, ({ value }: Fields) => value]
    )
  )
}

/** What may hold any JSON: one of its fields is there, or none in what nobody has set. */
function jsonOf(message: Fields): unknown {
  const [[name, value] = ['null', null]] = Object.entries(message)
  return name.startsWith('null') ? null : value
}
