import type { Database } from '../../core/postgres/pool.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import { sinkPlan } from './logic.ts'
import { spec } from './spec.ts'
import { TableSink } from './table-sink.ts'

export default defineSink(
  spec,
  (context, port) => {
    const database = context.provided<Database>('database')
    return new TableSink(context, database, sinkPlan(context.options), port)
  },
  { service: 'the database' }
)
