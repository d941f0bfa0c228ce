/**
 * The serializers of Confluent, as other programs write registered records with them. They bring
 * the clients of three clouds along, so they are installed once a user, for tests alone.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../stack/services.ts'

const run = promisify(execFile)
const NAME = '@confluentinc/schemaregistry'
const VERSION = '1.10.1'

interface Serializer {
  serialize(topic: string, value: unknown): Promise<Buffer>
  /** Of the types of Protobuf. */
  readonly registry?: { add(type: unknown): void }
}
interface Deserializer {
  deserialize(topic: string, bytes: Buffer): Promise<unknown>
}
type MakeDeserializer = new (client: object, kind: number, config: object) => Deserializer
type MakeSerializer = new (client: object, kind: number, config: object) => Serializer

export interface Confluent {
  readonly SchemaRegistryClient: new (config: { baseURLs: string[] }) => object
  readonly SerdeType: { readonly VALUE: number }
  readonly AvroSerializer: MakeSerializer
  readonly JsonSerializer: MakeSerializer
  readonly ProtobufSerializer: MakeSerializer
  readonly AvroDeserializer: MakeDeserializer
  readonly JsonDeserializer: MakeDeserializer
  readonly ProtobufDeserializer: MakeDeserializer
  /** The library of messages that it takes. */
  readonly protobuf: {
    createFileRegistry(set: unknown): { getMessage(name: string): unknown }
    create(type: unknown, value: object): unknown
  }
  readonly wkt: { readonly FileDescriptorSetSchema: unknown }
}

export async function confluent(): Promise<Confluent> {
  const whole = join(cacheFolder(), `confluent-${VERSION}`)
  if (!existsSync(whole)) {
    const half = `${whole}.${process.pid}`
    mkdirSync(half, { recursive: true })
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent']
    await run('npm', ['install', '--prefix', half, `${NAME}@${VERSION}`, ...quiet])
    if (existsSync(whole)) rmSync(half, { recursive: true })
    else renameSync(half, whole)
  }
  const load = createRequire(join(whole, 'node_modules', NAME, 'package.json'))
  return {
    ...load(NAME),
    protobuf: load('@bufbuild/protobuf'),
    wkt: load('@bufbuild/protobuf/wkt')
  }
}
