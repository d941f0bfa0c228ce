import protobuf from 'protobufjs'
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js'
import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import type { ReferencedText } from './decoder.ts'

/**
 * Whether a schema is what a compiler made of a file, in base64, as some serializers register it: a
 * text has marks that this has not.
 */
export const isSerialized = (schema: string): boolean => /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(schema)

/** A compiled file, and all that it needs, with its names resolved. */
export interface CompiledFile {
  readonly root: protobuf.Root
  readonly file: IFileDescriptorProto
}

/** @throws OptionsError that says what is wrong with it */
export function compiledFile(schema: string, references: readonly ReferencedText[]): CompiledFile {
  try {
    const named = references.map(({ name, text }) => ({ ...fileIn(text), name }))
    const file = fileIn(schema)
    const files = [...named, file]
    const known = new Set(named.map(({ name }) => name))
    const needed = new Set(files.flatMap(({ dependency }) => dependency ?? []))
    const common = [...needed].filter(name => !known.has(name)).flatMap(commonFile)
    const root = protobuf.Root.fromDescriptor({ file: [...common, ...files] })
    return { root, file }
  } catch (error) {
    throw error instanceof OptionsError ? error : new OptionsError('Schema', [reasonOf(error)])
  }
}

function fileIn(text: string): IFileDescriptorProto {
  if (!isSerialized(text))
    throw new OptionsError('Schema', ['it is compiled, and one that it refers to is a text'])
  return descriptor.FileDescriptorProto.decode(Buffer.from(text, 'base64')) as IFileDescriptorProto
}

/** One of those that come with Protobuf. */
function commonFile(name: string): IFileDescriptorProto[] {
  const found = protobuf.common.get(name)
  if (!found) throw new OptionsError('Schema', [`"${name}" is not at hand`])
  const { file } = protobuf.Root.fromJSON(found as protobuf.INamespace).toDescriptor('proto3')
  return file as IFileDescriptorProto[]
}
