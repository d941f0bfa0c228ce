import type { AttributeValue, DynamoDB, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { pause } from '@millrace/node-red-telemetry'
import { isMissing, nameOf } from '../../core/problem.ts'
import type { Lease } from './lease.ts'

type Item = Record<string, AttributeValue>

/** Where an application began, told by the first of its readers. */
export interface ApplicationStart {
  readonly stream: string
  readonly checkpoint: string
  /** When the stream was made: another one of the same name has other records. */
  readonly createdMs: number
}

/** No name of a shard. */
const START = 'millrace:start'
const LOOK_MS = 200
const READY_MS = 60_000

/** The leases of an application: a table of DynamoDB, whose attributes have the names of KCL's. */
export class LeaseTable {
  constructor(
    private readonly tables: DynamoDB,
    readonly name: string,
    private readonly signal: AbortSignal
  ) {}

  get #options() {
    return { abortSignal: this.signal }
  }

  /** Makes it where it is not there. */
  async ready(): Promise<void> {
    const untilMs = performance.now() + READY_MS
    while (!this.signal.aborted && (await this.#status()) !== 'ACTIVE') {
      if (performance.now() > untilMs) throw new Error(`The table "${this.name}" is not ready.`)
      await pause(LOOK_MS, { signal: this.signal })
    }
  }

  async #status(): Promise<string | undefined> {
    try {
      const { Table } = await this.tables.describeTable({ TableName: this.name }, this.#options)
      return Table?.TableStatus
    } catch (error) {
      if (!isMissing(error)) throw error
      await this.#create()
      return undefined
    }
  }

  async #create(): Promise<void> {
    try {
      await this.tables.createTable(
        {
          TableName: this.name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }]
        },
        this.#options
      )
    } catch (error) {
      // Another reader was faster.
      if (nameOf(error) !== 'ResourceInUseException') throw error
    }
  }

  /** Where the application begins: as the first of its readers has said. */
  async begin({ stream, checkpoint, createdMs }: ApplicationStart): Promise<ApplicationStart> {
    await this.#put({
      leaseKey: { S: START },
      stream: { S: stream },
      checkpoint: { S: checkpoint },
      createdMs: { N: String(createdMs) }
    })
    const item = (await this.#get(START))!
    return {
      stream: item.stream?.S ?? stream,
      checkpoint: item.checkpoint?.S ?? checkpoint,
      createdMs: Number(item.createdMs?.N ?? createdMs)
    }
  }

  async all(): Promise<Lease[]> {
    const leases: Lease[] = []
    let from: Item | undefined
    do {
      const answer = await this.tables.scan(
        {
          TableName: this.name,
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from })
        },
        this.#options
      )
      for (const item of answer.Items ?? [])
        if (item.leaseKey?.S !== START) leases.push(leaseOf(item))
      from = answer.LastEvaluatedKey
    } while (from !== undefined)
    return leases
  }

  /** Does nothing where it is there. */
  create(shard: string, parents: readonly string[], checkpoint: string): Promise<void> {
    return this.#put({
      leaseKey: { S: shard },
      leaseCounter: { N: '0' },
      checkpoint: { S: checkpoint },
      ...(parents.length === 0 ? {} : { parentShardId: { SS: [...parents] } })
    })
  }

  /** Takes a lease that nobody has. Undefined if somebody else was faster. */
  take(lease: Lease, me: string): Promise<Lease | undefined> {
    const owned = lease.owner !== undefined
    return this.#change(lease, {
      UpdateExpression: 'SET leaseOwner = :me, leaseCounter = :next REMOVE nextOwner',
      ConditionExpression: owned
        ? 'leaseOwner = :owner AND leaseCounter = :counter'
        : 'attribute_not_exists(leaseOwner) AND leaseCounter = :counter',
      ExpressionAttributeValues: {
        ':me': { S: me },
        ...(owned ? { ':owner': { S: lease.owner } } : {})
      }
    })
  }

  /** Asks its owner for it, who gives it once it has stored what it has read. */
  async ask({ shard, owner }: Lease, me: string): Promise<void> {
    await this.#update({
      Key: { leaseKey: { S: shard } },
      UpdateExpression: 'SET nextOwner = :me',
      ConditionExpression: 'leaseOwner = :owner AND attribute_not_exists(nextOwner)',
      ExpressionAttributeValues: { ':me': { S: me }, ':owner': { S: owner! } }
    })
  }

  /** Says that its owner lives, and how far it has stored. Undefined if it is lost. */
  renew(lease: Lease, checkpoint: string): Promise<Lease | undefined> {
    return this.#owned(lease, 'SET leaseCounter = :next, checkpoint = :checkpoint', {
      ':checkpoint': { S: checkpoint }
    })
  }

  /** Gives it to another reader, or to whoever comes. */
  async give(lease: Lease, checkpoint: string, to: string | undefined): Promise<void> {
    const set = 'SET leaseCounter = :next, checkpoint = :checkpoint'
    const values = { ':checkpoint': { S: checkpoint } }
    if (to === undefined) await this.#owned(lease, `${set} REMOVE leaseOwner, nextOwner`, values)
    else
      await this.#owned(lease, `${set}, leaseOwner = :to REMOVE nextOwner`, {
        ...values,
        ':to': { S: to }
      })
  }

  async forget(shard: string): Promise<void> {
    await this.tables.deleteItem(
      { TableName: this.name, Key: { leaseKey: { S: shard } } },
      this.#options
    )
  }

  async #owned(lease: Lease, change: string, values: Item): Promise<Lease | undefined> {
    const asked = {
      UpdateExpression: change,
      ConditionExpression: 'leaseOwner = :owner AND leaseCounter = :counter',
      ExpressionAttributeValues: { ...values, ':owner': { S: lease.owner! } }
    }
    const changed = await this.#change(lease, asked)
    if (changed !== undefined) return changed
    // An answer that was lost on its way: the same was written before.
    const item = await this.#get(lease.shard)
    if (item?.leaseOwner?.S !== lease.owner) return undefined
    return this.#change(leaseOf(item!), asked)
  }

  #change(
    { shard, counter }: Lease,
    asked: Pick<
      UpdateItemCommandInput,
      'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeValues'
    >
  ): Promise<Lease | undefined> {
    return this.#update({
      ...asked,
      Key: { leaseKey: { S: shard } },
      ExpressionAttributeValues: {
        ...asked.ExpressionAttributeValues,
        ':counter': { N: String(counter) },
        ':next': { N: String(counter + 1) }
      }
    })
  }

  /** Undefined where the condition does not hold. */
  async #update(input: Omit<UpdateItemCommandInput, 'TableName'>): Promise<Lease | undefined> {
    try {
      const { Attributes } = await this.tables.updateItem(
        { TableName: this.name, ReturnValues: 'ALL_NEW', ...input },
        this.#options
      )
      return leaseOf(Attributes!)
    } catch (error) {
      if (isUnmet(error)) return undefined
      throw error
    }
  }

  async #put(item: Item): Promise<void> {
    try {
      await this.tables.putItem(
        {
          TableName: this.name,
          Item: item,
          ConditionExpression: 'attribute_not_exists(leaseKey)'
        },
        this.#options
      )
    } catch (error) {
      if (!isUnmet(error)) throw error
    }
  }

  async #get(key: string): Promise<Item | undefined> {
    const { Item: item } = await this.tables.getItem(
      { TableName: this.name, Key: { leaseKey: { S: key } }, ConsistentRead: true },
      this.#options
    )
    return item
  }
}

const isUnmet = (error: unknown) => nameOf(error) === 'ConditionalCheckFailedException'

const leaseOf = (item: Item): Lease => ({
  shard: item.leaseKey!.S!,
  owner: item.leaseOwner?.S,
  wanted: item.nextOwner?.S,
  counter: Number(item.leaseCounter?.N ?? 0),
  checkpoint: item.checkpoint!.S!,
  parents: item.parentShardId?.SS ?? []
})
