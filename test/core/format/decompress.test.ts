import assert from 'node:assert/strict'
import { deflateSync, gzipSync } from 'node:zlib'
import { decompressed } from '../../../core/format/decompress.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'

const LIMIT = 1_000_000
const READING = Buffer.from(
  '{"device_id":"d1","metric":"temperature_c","value":21.5,"ts":1708700000}'
)

const codeOf = (bytes: Buffer, limit = LIMIT) => {
  const found = decompressed(bytes, limit)
  return found instanceof ParseFailure ? found.code : found.toString()
}

/** A zstd frame by hand (RFC 8878): a window of 1 MiB, then blocks of one byte repeated. */
function zstdOf(blocks: number, repeat: number, window = 0x50): Buffer {
  const block = (isLast: boolean) => {
    const header = (repeat << 3) | (1 << 1) | (isLast ? 1 : 0)
    return Buffer.from([header & 255, (header >> 8) & 255, (header >> 16) & 255, 0x61])
  }
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window])
  return Buffer.concat([
    head,
    ...Array.from({ length: blocks }, (_, index) => block(index === blocks - 1))
  ])
}

/** The same with the text as it is in one block. */
function zstdRaw(text: Buffer): Buffer {
  const header = (text.length << 3) | 1
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, header & 255, header >> 8, 0]),
    text
  ])
}

describe('compressed payloads', () => {
  it('are undone where the first bytes say so', () => {
    for (const bytes of [gzipSync(READING), deflateSync(READING), zstdRaw(READING), READING]) {
      assert.equal(codeOf(bytes), READING.toString())
    }
    assert.equal(codeOf(zstdOf(3, 1000)), 'a'.repeat(3000))
  })

  it('are refused where they are damaged or cut off', () => {
    assert.equal(codeOf(gzipSync(READING).subarray(0, -9)), 'COMPRESSION_INVALID')
    assert.equal(codeOf(zstdRaw(READING).subarray(0, -1)), 'COMPRESSION_INVALID')
    assert.equal(codeOf(Buffer.concat([zstdRaw(READING), zstdRaw(READING)])), 'COMPRESSION_INVALID')
    assert.equal(
      codeOf(Buffer.from('28b52ffd00', 'hex')),
      Buffer.from('28b52ffd00', 'hex').toString()
    )
  })

  it('that only begin like zlib are left as they are', () =>
    assert.equal(codeOf(Buffer.from('x^2+y=1 and more')), 'x^2+y=1 and more'))

  it('are refused where they become too large', () => {
    const zeros = Buffer.alloc(20_000_000)
    for (const bytes of [gzipSync(zeros), deflateSync(zeros), zstdOf(5000, 100_000)]) {
      assert.equal(codeOf(bytes, 1e9), 'COMPRESSION_LIMIT')
    }
    assert.equal(codeOf(gzipSync(Buffer.alloc(50_000)), 10_000), 'COMPRESSION_LIMIT')
  })

  it('do not make room for what they only claim', () => {
    assert.equal(codeOf(zstdOf(1, 10, 0xff)), 'COMPRESSION_LIMIT')
    const claims = Buffer.from('28b52ffde0ffffffffffffff00010000', 'hex')
    assert.equal(codeOf(claims), 'COMPRESSION_LIMIT')
    const many = Buffer.concat(Array.from({ length: 3000 }, () => zstdOf(1, 10, 0x68)))
    assert.equal(codeOf(many), 'COMPRESSION_INVALID')
  })
})
