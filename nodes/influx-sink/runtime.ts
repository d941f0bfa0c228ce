import type { InfluxServer } from '../../core/influx/settings.ts'
import { OptionsError } from '../../core/options-error.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import { learn } from './learn.ts'
import { LineSink } from './line-sink.ts'
import { databaseProblem, sinkPlan } from './logic.ts'
import { previewed } from './preview.ts'
import { spec } from './spec.ts'

export default defineSink(
  spec,
  (context, port) => {
    const { options } = context
    const server = context.provided<InfluxServer>('server')
    const { service } = server.settings
    const problems = databaseProblem(options, service)
    if (problems.length > 0) throw OptionsError.between(spec, problems)
    return new LineSink(context, server, sinkPlan(options, service), port)
  },
  { service: 'the server', preview: { make: previewed, learn } }
)
