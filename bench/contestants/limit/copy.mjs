// COPY of prepared rows in binary form, in 20 statements, on one connection.
import { once } from 'node:events'
import pg from 'pg'
import { from } from 'pg-copy-streams'

const { TIMESCALE_URL, TABLE } = process.env
const ROWS = Number(process.env.RECORDS)
const COPIES = 20
const PER_COPY = Math.ceil(ROWS / COPIES)
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1)

function field(bytes) {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return [length, bytes]
}

function row(sequence, firstMs) {
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(firstMs + sequence - POSTGRES_EPOCH_MS) * 1000n)
  const value = Buffer.alloc(8)
  value.writeDoubleBE(sequence)
  const device = Buffer.from(
    `acme-site-01-pressing-machine-${String(sequence % 5_000).padStart(5, '0')}`
  )
  return [
    Buffer.from([0, 5]),
    ...field(time),
    ...field(device),
    ...field(Buffer.from('hall 1, row 1')),
    ...field(Buffer.from('temperature')),
    ...field(value)
  ]
}

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const trailer = Buffer.from([255, 255])
const firstMs = Date.now() - 3_600_000
const copies = Array.from({ length: COPIES }, (_, index) => {
  const rows = Array.from({ length: PER_COPY }, (_, at) => row(index * PER_COPY + at, firstMs))
  return Buffer.concat([header, ...rows.flat(), trailer])
})

const client = new pg.Client(TIMESCALE_URL)
await client.connect()
for (const bytes of copies) {
  const copy = client.query(
    from(`COPY "${TABLE}" (time, device_id, location, metric, value) FROM STDIN BINARY`)
  )
  copy.end(bytes)
  await once(copy, 'finish')
}
// the benchmark reads what this cost before it ends
setInterval(() => {}, 60_000)
