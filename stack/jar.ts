/** Writes a jar: a zip with stored (not compressed) entries. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  return crc
})

/** CRC-32 as zip files want it; zlib.crc32 came with Node 22. */
function crc32(data: Buffer): number {
  let crc = ~0
  for (const byte of data) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** The fields that an entry's own header and its line in the table of contents have in common. */
function entryHeader(name: Buffer, data: Buffer): Buffer {
  const header = Buffer.alloc(26)
  header.writeUInt16LE(20, 0)
  header.writeUInt16LE(0x21, 8)
  header.writeUInt32LE(crc32(data), 10)
  header.writeUInt32LE(data.length, 14)
  header.writeUInt32LE(data.length, 18)
  header.writeUInt16LE(name.length, 22)
  return header
}

/** Packs all files of a folder (not of folders in it) into one jar. */
export function writeJar(folder: string, jarFile: string): void {
  const entries: Buffer[] = []
  const contents: Buffer[] = []
  let offset = 0
  for (const file of readdirSync(folder).sort()) {
    const name = Buffer.from(file)
    const data = readFileSync(join(folder, file))
    const header = entryHeader(name, data)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    contents.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), header, place, name]))
    const entry = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), header, name, data])
    entries.push(entry)
    offset += entry.length
  }
  const table = Buffer.concat(contents)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(contents.length, 8)
  end.writeUInt16LE(contents.length, 10)
  end.writeUInt32LE(table.length, 12)
  end.writeUInt32LE(offset, 16)
  writeFileSync(jarFile, Buffer.concat([...entries, table, end]))
}
