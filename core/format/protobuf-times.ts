import { instantText } from './instant-text.ts'

/**
 * Message types that the Protobuf JSON mapping writes as one value; a type that is not here is an
 * object.
 */
export const PROTOBUF_TIMES: Readonly<
  Record<string, (message: Readonly<Record<string, unknown>>) => unknown>
> = {
  '.google.protobuf.Timestamp': ({ seconds = 0, nanos = 0 }) =>
    instantText(
      Number(seconds),
      Number.isInteger(nanos) && (nanos as number) >= 0 ? (nanos as number) : Number.NaN
    ),
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
      name => [
        `.google.protobuf.${name}Value`,
        ({ value }: Readonly<Record<string, unknown>>) => value
      ]
    )
  )
}
