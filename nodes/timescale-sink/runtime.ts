import type { Database } from '../../core/postgres/pool.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import { learn } from './learn.ts'
import { sinkPlan } from './logic.ts'
import { previewed } from './preview.ts'
import { spec } from './spec.ts'
import { TableSink } from './table-sink.ts'

export default defineSink(
  spec,
  (context, port) => {
    const database = context.provided<Database>('database')
    return new TableSink(context, database, sinkPlan(context.options), port)
  },
  { service: 'the database', preview: { make: previewed, learn } }
)
