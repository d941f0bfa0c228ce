import type protobuf from 'protobufjs'

let library: typeof protobuf | undefined

/** Loads the library of the wire format, which is large: wait for it before the first payload. */
export async function loadWire(): Promise<void> {
  library ??= (await import('protobufjs')).default
}

export function wire(): typeof protobuf {
  if (library === undefined) throw new Error('loadWire has not been waited for')
  return library
}
