import type {
  AttributeValue,
  CreateTableCommandInput,
  DynamoDB,
  ScanCommandInput,
  UpdateItemCommandInput
} from '@aws-sdk/client-dynamodb'
import { pause } from '@millrace/node-red-telemetry'
import { isMissing, nameOf } from '../../core/problem.ts'
import type { Lease } from './lease.ts'
import { within } from './time-limit.ts'

type Item = Record<string, AttributeValue>
type Options = { abortSignal: AbortSignal }

/** Where an application began, told by the first of its readers. */
export interface ApplicationStart {
  readonly stream: string
  readonly checkpoint: string
  /** When the stream was made: another one of the same name has other records. */
  readonly createdMs: number
}

type Asked = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeValues'
>

/** No name of a shard. */
const START = 'millrace:start'
const LOOK_MS = 200
const READY_MS = 60_000
/** Of a request whose answer no lease hangs on. */
const ANSWER_MS = 5_000

export interface LeaseTableOptions {
  readonly name: string
  readonly signal: AbortSignal
  /** A change of a lease fails without an answer in this time. */
  readonly changeMs: number
}

/** The leases of an application: a table of DynamoDB, whose attributes have the names of KCL's. */
export class LeaseTable {
  readonly name: string

  constructor(
    private readonly tables: DynamoDB,
    private readonly options: LeaseTableOptions
  ) {
    this.name = options.name
  }

  #ask<T>(ask: (options: Options) => Promise<T>): Promise<T> {
    const { signal, changeMs } = this.options
    return within(Math.max(ANSWER_MS, changeMs), signal, ask)
  }

  #change<T>(ask: (options: Options) => Promise<T>): Promise<T> {
    return within(this.options.changeMs, this.options.signal, ask)
  }

  /** Makes it where it is not there. */
  async ready(): Promise<void> {
    const { signal } = this.options
    const untilMs = performance.now() + READY_MS
    while (!signal.aborted && (await this.#status()) !== 'ACTIVE') {
      if (performance.now() > untilMs) throw new Error(`The table "${this.name}" is not ready.`)
      await pause(LOOK_MS, { signal })
    }
  }

  async #status(): Promise<string | undefined> {
    try {
      const { Table } = await this.#ask(options =>
        this.tables.describeTable({ TableName: this.name }, options)
      )
      return Table?.TableStatus
    } catch (error) {
      if (!isMissing(error)) throw error
      await this.#create()
      return undefined
    }
  }

  async #create(): Promise<void> {
    try {
      const table: CreateTableCommandInput = {
        TableName: this.name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }]
      }
      await this.#ask(options => this.tables.createTable(table, options))
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
    const item = (await this.#ask(options => this.#get(START, options)))!
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
      const page: ScanCommandInput = {
        TableName: this.name,
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from })
      }
      const answer = await this.#ask(options => this.tables.scan(page, options))
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
    const asked = {
      UpdateExpression: 'SET leaseOwner = :me, leaseCounter = :next REMOVE nextOwner',
      ConditionExpression: owned
        ? 'leaseOwner = :owner AND leaseCounter = :counter'
        : 'attribute_not_exists(leaseOwner) AND leaseCounter = :counter',
      ExpressionAttributeValues: {
        ':me': { S: me },
        ...(owned ? { ':owner': { S: lease.owner } } : {})
      }
    }
    return this.#change(options => this.#next(lease, asked, options))
  }

  /** Asks its owner for it, who gives it once it has stored what it has read. */
  async ask({ shard, owner }: Lease, me: string): Promise<void> {
    const asked = {
      Key: { leaseKey: { S: shard } },
      UpdateExpression: 'SET nextOwner = :me',
      ConditionExpression: 'leaseOwner = :owner AND attribute_not_exists(nextOwner)',
      ExpressionAttributeValues: { ':me': { S: me }, ':owner': { S: owner! } }
    }
    await this.#ask(options => this.#update(asked, options))
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
    const item = { TableName: this.name, Key: { leaseKey: { S: shard } } }
    await this.#ask(options => this.tables.deleteItem(item, options))
  }

  #owned(lease: Lease, change: string, values: Item): Promise<Lease | undefined> {
    const asked = {
      UpdateExpression: change,
      ConditionExpression: 'leaseOwner = :owner AND leaseCounter = :counter',
      ExpressionAttributeValues: { ...values, ':owner': { S: lease.owner! } }
    }
    return this.#change(async options => {
      const changed = await this.#next(lease, asked, options)
      if (changed !== undefined) return changed
      // An answer that was lost on its way: the same was written before.
      const item = await this.#get(lease.shard, options)
      if (item?.leaseOwner?.S !== lease.owner) return undefined
      return this.#next(leaseOf(item!), asked, options)
    })
  }

  /** A change that raises the counter. */
  #next({ shard, counter }: Lease, asked: Asked, options: Options): Promise<Lease | undefined> {
    const values = {
      ...asked.ExpressionAttributeValues,
      ':counter': { N: String(counter) },
      ':next': { N: String(counter + 1) }
    }
    const Key = { leaseKey: { S: shard } }
    return this.#update({ ...asked, Key, ExpressionAttributeValues: values }, options)
  }

  /** Undefined where the condition does not hold. */
  async #update(
    asked: Omit<UpdateItemCommandInput, 'TableName'>,
    options: Options
  ): Promise<Lease | undefined> {
    const input: UpdateItemCommandInput = {
      TableName: this.name,
      ReturnValues: 'ALL_NEW',
      ...asked
    }
    try {
      const { Attributes } = await this.tables.updateItem(input, options)
      return leaseOf(Attributes!)
    } catch (error) {
      if (isUnmet(error)) return undefined
      throw error
    }
  }

  async #put(item: Item): Promise<void> {
    try {
      const input = {
        TableName: this.name,
        Item: item,
        ConditionExpression: 'attribute_not_exists(leaseKey)'
      }
      await this.#ask(options => this.tables.putItem(input, options))
    } catch (error) {
      if (!isUnmet(error)) throw error
    }
  }

  async #get(key: string, options: Options): Promise<Item | undefined> {
    const { Item: item } = await this.tables.getItem(
      { TableName: this.name, Key: { leaseKey: { S: key } }, ConsistentRead: true },
      options
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
