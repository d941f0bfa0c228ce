import { loadModule } from '../../load-module.ts'

/** A transaction that was aborted, as the broker tells of it beside what it sends. */
export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** As much of a record as tells whether it was aborted. */
export interface TransactionalRecord {
  readonly offset: string
  readonly key: Buffer | null
  readonly batchContext: { readonly producerId?: string; readonly inTransaction?: boolean }
  /** True for what is no record of a producer. */
  isControlRecord: boolean
}

/** The key of the marker that ends an aborted transaction: version 0, type 0. */
const ABORT = Buffer.alloc(4)

/**
 * Makes control records of those that belong to aborted transactions: consumers leave these out,
 * and still know how far they have read. `records` are of one partition and in order,
 * `transactions` in any order.
 */
export function hideAborted(
  records: readonly TransactionalRecord[],
  transactions: readonly AbortedTransaction[]
): void {
  const begins = transactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .sort((a, b) => a.first - b.first)
  const aborting = new Set<string>()
  let next = 0
  for (const record of records) {
    const offset = Number(record.offset)
    for (; next < begins.length && begins[next]!.first <= offset; next++)
      aborting.add(begins[next]!.producerId)
    const { producerId = '', inTransaction } = record.batchContext
    if (!aborting.has(producerId)) continue
    if (!record.isControlRecord) record.isControlRecord = inTransaction === true
    else if (record.key?.equals(ABORT)) aborting.delete(producerId)
  }
}

interface FetchResponse {
  readonly responses: readonly {
    readonly partitions: readonly {
      abortedTransactions?: readonly AbortedTransaction[] | null
      readonly messages: TransactionalRecord[]
    }[]
  }[]
}
interface FetchProtocol {
  decode(bytes: Buffer): Promise<FetchResponse>
}

/** Of the fetch response; those before have no transactions. */
const VERSIONS = [4, 5, 6, 7, 8, 9, 10, 11]
const PATCHED = Symbol.for('millrace.hides-aborted')

/**
 * kafkajs 2.2.4 takes the list of aborted transactions for one in the order in which they began. It
 * is in the order in which they ended: where transactions of several producers overlap, records of
 * aborted ones reach those who read what is committed.
 */
export function guardReadCommitted(): void {
  for (const version of VERSIONS) {
    const protocol = loadModule<FetchProtocol & { [PATCHED]?: true }>(
      `kafkajs/src/protocol/requests/fetch/v${version}/response`
    )
    if (protocol[PATCHED]) continue
    const { decode } = protocol
    protocol.decode = async bytes => {
      const response = await decode(bytes)
      for (const { partitions } of response.responses) {
        for (const partition of partitions) {
          const { abortedTransactions, messages } = partition
          if (!abortedTransactions?.length) continue
          hideAborted(messages, abortedTransactions)
          partition.abortedTransactions = []
        }
      }
      return response
    }
    protocol[PATCHED] = true
  }
}
